// X. Codes that somebody has stolen, or plants: without the verifier, a second time, from another origin, for another account.
import { type Attack, named } from './support/context.js'
import { signIn } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { app, askForCode, codeIn, exchange, needs, pkce, settings, shop } from './support/returns.js'
import { asBoth } from './support/session.js'

const invalid = '401 exchange_invalid'

const injection: Attack = {
  id: 'X2',
  tried: "an attacker's code in the victim's browser, and the victim's code without its verifier",
  settings,
  needs,
  async run({ service, flow, allOf, equal }) {
    const [attacker, victim] = [
      await signIn(service, flow, flow.newPerson()),
      await signIn(service, flow, flow.newPerson()),
    ]
    const [theirs, ours] = [pkce(), pkce()]
    const planted = codeIn(await askForCode(service, attacker.token, { code_challenge: theirs.challenge }))
    allOf(
      "the attacker's code with the victim's verifier",
      [await exchange(service, planted, ours.verifier)],
      [invalid],
    )
    const stolen = codeIn(await askForCode(service, victim.token, { code_challenge: ours.challenge }))
    allOf("the victim's code with another verifier", [await exchange(service, stolen, theirs.verifier)], [invalid])
    allOf(
      'then with its own',
      [await exchange(service, stolen, ours.verifier), await exchange(service, planted, theirs.verifier)],
      [invalid],
    )
    const sessions = await service.grey.query('SELECT count(*)::int AS count FROM sessions WHERE user_id = ANY($1)', [
      [attacker.userId, victim.userId],
    ])
    equal('sessions', sessions[0]?.['count'], 2)
  },
}

const replay: Attack = {
  id: 'X3',
  tried: 'a code 20 × at once, and again; a second time without the verifier; after 60 s',
  settings,
  needs,
  async run({ service, flow, equal, allOf }) {
    const { token } = await signIn(service, flow, flow.newPerson())
    const { verifier, challenge } = pkce()
    const newCode = async () => codeIn(await askForCode(service, token, { code_challenge: challenge }))
    const show = (code: string, shown = verifier) => exchange(service, code, shown)

    const code = await newCode()
    const answers = await atOnce(20, () => show(code))
    const opened = answers.filter(({ status }) => status === 200)
    equal('sessions opened', opened.length, 1)
    const isOver = async (answer: Answer | undefined) =>
      (await asBoth(service, String(answer?.body['token']))).map(named)
    equal('that session', await isOver(opened[0]), ['401 unauthorized', '401 unauthorized'])
    equal("the page's own", (await asBoth(service, token)).map(named), ['200', '200'])

    const second = await newCode()
    const used = await show(second)
    allOf('seen, without the verifier', [await show(second, pkce().verifier)], [invalid])
    equal('signs nobody out', await isOver(used), ['200', '200'])
    allOf('with it', [await show(second)], [invalid])
    equal('ends what it opened', await isOver(used), ['401 unauthorized', '401 unauthorized'])

    const late = await newCode()
    await service.grey.query(
      "UPDATE exchange_codes SET expires_at = expires_at - interval '60 seconds' WHERE consumed_at IS NULL",
    )
    allOf('after 60 s', [await show(late)], [invalid])
  },
}

const otherOrigin: Attack = {
  id: 'X5',
  tried:
    'a code of one origin at another’s page; codes asked for by other pages; after logout, disabling, an old session',
  settings: { ...settings, CORS_ORIGINS: `${shop},${app}` },
  needs,
  async run({ service, flow, allOf, equal }) {
    const { token, userId } = await signIn(service, flow, flow.newPerson())
    const { verifier, challenge } = pkce()
    const newCode = async () => codeIn(await askForCode(service, token, { code_challenge: challenge }))
    const show = (code: string, headers = {}) => exchange(service, code, verifier, headers)
    allOf('from the other page', [await show(await newCode(), { origin: app })], [invalid])
    allOf('from null', [await show(await newCode(), { origin: 'null' })], [invalid])

    const json = { return_to: `${shop}/cb`, state: 's', code_challenge: challenge, code_challenge_method: 'S256' }
    const pages = [
      { origin: shop },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]
    const asked = await atOnce(pages.length, (index) =>
      service.ask('POST', '/auth/exchange/codes', { json, headers: { ...pages[index], cookie: `jwt=${token}` } }),
    )
    allOf('asked for by other pages', asked, ['403 cross_site'])
    const nobody = await service.ask('POST', '/auth/exchange/codes', { json, headers: { origin: service.base } })
    allOf('by nobody', [nobody], ['401 unauthorized'])

    const kept = await newCode()
    await service.grey.query('UPDATE users SET disabled_at = now() WHERE id = $1', [userId])
    allOf('disabled', [await show(kept)], [invalid])
    await service.grey.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [userId])
    const branch = await show(await newCode(), { origin: shop })
    equal('from its own page', named(branch), '200')
    const past = "now() - interval '16 minutes'"
    await service.grey.query(`UPDATE sessions SET created_at = ${past}, proved_at = ${past}`)
    const old = [token, String(branch.body['token'])]
    const late = await atOnce(2, (index) => askForCode(service, String(old[index]), { code_challenge: challenge }))
    allOf('by old sessions', late, ['403 step_up_required'])
    await service.grey.query('UPDATE sessions SET proved_at = now()')
    const last = await newCode()
    await service.ask('POST', '/api/auth/logout', { headers: { authorization: `Bearer ${token}` } })
    allOf('signed out', [await show(last)], [invalid])
  },
}

export const returnsStolen = [injection, replay, otherOrigin]
