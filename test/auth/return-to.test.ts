// Where the sign-in page may send people back to: every spelling that browsers read as another host is refused.
import fc from 'fast-check'
import t from 'tap'
import { readReturn, readReturnTo, withCode } from '../../src/auth/return-to.js'

const rules = { ownOrigins: ['https://login.example'], origins: ['https://shop.example', 'http://localhost:5173'] }
const read = (text: string) => readReturnTo(text, rules)

t.test('a path of the own origin, with and without the origin', async (t) => {
  const places: Record<string, string> = {
    '/': '/',
    '/orders?page=2#last': '/orders?page=2#last',
    '/a/../b': '/b',
    '/a//b': '/a//b',
    '/%2f%2fevil.example': '/%2f%2fevil.example',
    '/@evil.example': '/@evil.example',
    'https://login.example': '/',
    'https://login.example/orders?a=b': '/orders?a=b',
    'https://login.example?a=b': '/?a=b',
    'https://login.example#a': '/#a',
  }
  for (const [text, path] of Object.entries(places)) t.strictSame(read(text), { kind: 'path', path }, text)
})

t.test('a place of an origin that is named, as it is written', async (t) => {
  for (const url of ['https://shop.example/', 'https://shop.example/cb?a=b%20c&d', 'http://localhost:5173/cb']) {
    t.strictSame(read(url), { kind: 'origin', origin: new URL(url).origin, url }, url)
  }
  t.match(read('https://shop.example'), { url: 'https://shop.example/' })
})

t.test('nothing else', async (t) => {
  const wrong = [
    '',
    'orders',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    'https://login.example//evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'https://evil.example',
    'https://evil.example/https://shop.example',
    'https://shop.example.evil.example/',
    'https://shop.example@evil.example/',
    'https://shop.example:pass@evil.example/',
    'https://user@shop.example/',
    'https://shop.example:443/',
    'https://shop.example:8443/',
    'https://SHOP.example/',
    'HTTPS://shop.example/',
    'http://shop.example/',
    'https://shop.example\\@evil.example/',
    'https://shop.example/\\evil',
    'https://shop.example/#fragment',
    'https://shop.example/#',
    'https://shop.example/cb?code=x',
    'https://shop.example/cb?a=b&state=x',
    'https://shop.example/cb?c%6fde=x',
    'https://ѕhop.example/',
    'https://xn--hop-olc.example/',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'blob:https://shop.example/1',
    '/\t/evil.example',
    '/\n/evil.example',
    '\u0000/orders',
    ' /orders',
    '/orders ',
    '\u2028/orders',
    '/é',
    `/${'a'.repeat(2_000)}`,
  ]
  for (const text of wrong) t.match(read(text), { kind: 'refused', why: /^return_to must/ }, encodeURI(text))
})

t.test('whatever is written, a browser goes to the own origin or to one that is named', async () => {
  const piece = fc.constantFrom(
    ...'/\\.:@?#%a\t',
    '//',
    '/.',
    '..',
    'https:',
    'shop.example',
    'https://shop.example',
    'https://login.example',
    '%2f',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const place = read(pieces.join(''))
      if (place.kind === 'refused') return true
      const base = 'https://login.example/sign-in'
      if (place.kind === 'path') return new URL(place.path, base).origin === 'https://login.example'
      return new URL(withCode(place, 'c', 's'), base).origin === place.origin && place.origin === 'https://shop.example'
    }),
    { numRuns: 2_000 },
  )
})

t.test('the code and the state come behind the query that is there', async (t) => {
  const back = (url: string) => {
    const place = read(url)
    return place.kind === 'origin' ? withCode(place, 'c-1', 'a&b=c d') : place
  }
  t.equal(back('https://shop.example/cb'), 'https://shop.example/cb?code=c-1&state=a%26b%3Dc+d')
  t.equal(back('https://shop.example/cb?'), 'https://shop.example/cb?code=c-1&state=a%26b%3Dc+d')
  t.equal(back('https://shop.example/cb?q=a%20b?&d'), 'https://shop.example/cb?q=a%20b?&d&code=c-1&state=a%26b%3Dc+d')
})

t.test('another origin needs S256, a challenge of it, and a state', async (t) => {
  const good = {
    return_to: 'https://shop.example/cb',
    state: 's',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
  }
  t.strictSame(readReturn({}, rules), { kind: 'none' })
  t.strictSame(readReturn({ return_to: '/orders' }, rules), { kind: 'path', path: '/orders' })
  t.match(readReturn(good, rules), { kind: 'origin', state: 's', codeChallenge: 'a'.repeat(43) })
  const faults: [object, RegExp][] = [
    [{ return_to: 'https://evil.example' }, /^return_to/],
    [{ code_challenge_method: 'plain' }, /^code_challenge_method must be S256/],
    [{ code_challenge_method: undefined }, /^code_challenge_method must be S256/],
    [{ code_challenge: undefined }, /^code_challenge must/],
    [{ code_challenge: 'a'.repeat(42) }, /^code_challenge must/],
    [{ code_challenge: `${'a'.repeat(42)}=` }, /^code_challenge must/],
    [{ state: undefined }, /^state must/],
    [{ state: '' }, /^state must/],
    [{ state: 'a\n' }, /^state must/],
    [{ state: 'a'.repeat(513) }, /^state must/],
  ]
  for (const [change, why] of faults) t.match(readReturn({ ...good, ...change }, rules), { kind: 'refused', why })
})
