// X. The way back from the sign-in page: links that lead elsewhere, and codes in the hands of somebody they are not for.
import { createHash, randomBytes } from 'node:crypto'
import { returnsStolen } from './returns-stolen.js'
import type { Attack, Group } from './support/context.js'
import { signIn } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { askForCode, codeIn, exchange, needs, pkce, returnTo, settings, shop } from './support/returns.js'

/** What browsers read as another host, or as a script, and checks often do not. */
const elsewhere = [
  ...[
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/.//evil.example',
    '/%2e//evil.example',
  ],
  ...[
    'https:evil.example',
    'https:/evil.example',
    'https://evil.example',
    'https:///evil.example',
    'HTTPS://evil.example',
  ],
  ...[
    `${shop}.evil.example`,
    `${shop}@evil.example`,
    `${shop}:443/`,
    `${shop}\\@evil.example`,
    'https://SHOP.example/',
  ],
  ...['http://shop.example/', 'https://evil.example#https://shop.example', 'https://evil.example?https://shop.example'],
  ...[
    'javascript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    '\u0000//evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
  ],
  ...['https://ѕhop.example/', 'blob:https://shop.example/x', '', `${shop}/#`, `${shop}/?code=x`, `${shop}/?state=x`],
]

const openRedirect: Attack = {
  id: 'X1',
  tried: 'return_to with other hosts, scripts, control characters, spellings of a host; with two values',
  settings,
  needs,
  async run({ service, flow, allOf, equal }) {
    const rest = { state: 's', code_challenge: pkce().challenge, code_challenge_method: 'S256' }
    const pathOf = (return_to: string) => `/sign-in?${new URLSearchParams({ return_to, ...rest })}`
    const answers = await atOnce(elsewhere.length, (index) => service.ask('GET', pathOf(String(elsewhere[index]))))
    answers.push(await service.ask('GET', `${pathOf('/')}&return_to=//evil.example`))
    allOf('pages', answers, [400])
    equal('redirects', answers.filter(({ headers }) => headers.location !== undefined).length, 0)
    equal('scripts', answers.filter(({ text }) => text.includes('<script')).length, 0)
    const { token } = await signIn(service, flow, flow.newPerson())
    const codes = await atOnce(elsewhere.length, (index) =>
      askForCode(service, token, { ...rest, return_to: String(elsewhere[index]) }),
    )
    allOf('codes', codes, ['400 validation_failed'])
    const own = await service.ask('GET', `/sign-in/?${new URLSearchParams({ return_to: '//evil.example' })}`)
    equal('with a slash', String(own.headers.location).startsWith('../sign-in?'), true)
  },
}

const downgrade: Attack = {
  id: 'X4',
  tried: 'plain PKCE, no method, no challenge, the verifier as challenge, no state',
  settings,
  needs,
  async run({ service, flow, allOf, equal }) {
    const { token } = await signIn(service, flow, flow.newPerson())
    const { verifier, challenge } = pkce()
    const good = { return_to: returnTo, state: 's', code_challenge: challenge, code_challenge_method: 'S256' }
    const weaker: Record<string, unknown>[] = [
      { ...good, code_challenge_method: 'plain' },
      { ...good, code_challenge_method: undefined },
      { ...good, code_challenge_method: 's256' },
      { ...good, code_challenge: undefined },
      { ...good, code_challenge: '' },
      { ...good, code_challenge: 'x' },
      { ...good, state: undefined },
      { ...good, state: '' },
    ]
    const answers: Answer[] = []
    for (const body of weaker) answers.push(await askForCode(service, token, body))
    allOf('codes', answers, ['400 validation_failed'])
    const pages = await atOnce(weaker.length, (index) => {
      const given = Object.entries(weaker[index] ?? {}).filter(([, value]) => value !== undefined)
      return service.ask('GET', `/sign-in?${new URLSearchParams(Object.fromEntries(given) as Record<string, string>)}`)
    })
    allOf('pages', pages, [400])
    // 43 characters too: what was meant as `plain` is compared as S256.
    const code = codeIn(await askForCode(service, token, { ...good, code_challenge: verifier }))
    const exchanged = await exchange(service, code, verifier)
    allOf('the verifier as challenge', [exchanged], ['401 exchange_invalid'])
    const short = await exchange(service, code, 'x')
    equal('a short verifier', short.status, 400)
  },
}

const referrer: Attack = {
  id: 'X6',
  tried: 'what the page tells others: referrer, opener, hosts that it may ask, frames around it',
  settings,
  needs,
  async run({ service, equal }) {
    const rest = { state: '</script><script>alert(1)</script>', code_challenge_method: 'S256' }
    const query = new URLSearchParams({ return_to: returnTo, code_challenge: pkce().challenge, ...rest })
    const { headers, text, status } = await service.ask('GET', `/sign-in?${query}`)
    equal('page', status, 200)
    equal('referrer', headers['referrer-policy'], 'no-referrer')
    equal('opener', headers['cross-origin-opener-policy'], 'same-origin')
    equal('kept', headers['cache-control'], 'no-store')
    const policy = String(headers['content-security-policy'])
    equal('hosts', /https?:|\*|unsafe/.test(policy), false)
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) {
      equal(directive, policy.includes(directive), true)
    }
    equal('scripts', text.split('<script').length - 1, 2)
    equal('hosts in the document', [...text.matchAll(/(?:src|href)="(?:https?:)?\/\//g)].length, 0)
  },
}

const guessing: Attack = {
  id: 'X7',
  tried: '130 made-up codes from one address, then a right one; wrong and unknown codes side by side',
  settings: { ...settings, IP_VERIFY_PER_10_MIN: '120' },
  needs,
  async run({ service, flow, equal, allOf }) {
    const code_verifier = randomBytes(32).toString('base64url')
    const answers = await atOnce(130, () => exchange(service, randomBytes(32).toString('base64url'), code_verifier))
    allOf('made up', answers, ['401 exchange_invalid', '429 rate_limited'])
    equal('of which let through', answers.filter(({ status }) => status === 401).length, 120)
    const { token } = await signIn(service, flow, flow.newPerson())
    const { verifier, challenge } = pkce()
    const code = codeIn(await askForCode(service, token, { code_challenge: challenge }))
    const right = await exchange(service, code, verifier)
    equal('a right one', right.status, 200)
    const rows = await service.grey.query('SELECT encode(token_hash, $1) AS hash FROM exchange_codes', ['hex'])
    const digest = createHash('sha256').update(code).digest('hex')
    equal(
      'stored',
      rows.every(({ hash }) => hash === digest),
      true,
    )
  },
}

export const returns: Group = {
  letter: 'X',
  title: 'The way back from the sign-in page',
  attacks: [openRedirect, ...returnsStolen, downgrade, referrer, guessing],
}
