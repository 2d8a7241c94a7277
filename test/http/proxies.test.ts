// The address of a client as trusted proxies of many makes write it, and as clients would like to.
import fc from 'fast-check'
import t from 'tap'
import { blockListOf } from '../../src/http/address.js'
import { createClientReader } from '../../src/http/proxies.js'
import { startApp } from '../support/app.js'

const trusted = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8']
const from = '127.0.0.1'

function readers() {
  let unreadable = 0
  const tell = () => {
    unreadable += 1
  }
  const read = (header: 'x-forwarded-for' | 'forwarded') => {
    const reader = createClientReader({ trusted, header }, tell)
    return (value: string | undefined, remoteAddress: string | undefined = from) =>
      reader({ headers: value === undefined ? {} : { [header]: value }, socket: { remoteAddress } })
  }
  return { xff: read('x-forwarded-for'), forwarded: read('forwarded'), unreadable: () => unreadable }
}

t.test('ports, brackets and quotes are no part of an address', async (t) => {
  const { xff, forwarded, unreadable } = readers()
  for (const [written, address] of [
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:4711', '203.0.113.9'],
    ['"203.0.113.9:4711"', '203.0.113.9'],
    ['2001:db8::9', '2001:db8::9'],
    ['[2001:db8::9]', '2001:db8::9'],
    ['[2001:db8::9]:443', '2001:db8::9'],
    ['"[2001:db8::9]:443"', '2001:db8::9'],
    ['[fe80::9%eth0]:443', 'fe80::9'],
    ['fe80::9%eth0', 'fe80::9'],
    ['::ffff:203.0.113.9', '::ffff:203.0.113.9'],
    ['6.6.6.6, 203.0.113.9:4711 , 10.0.0.7:80', '203.0.113.9'],
    ['203.0.113.9,, ,', '203.0.113.9'],
    ['10.0.0.1, 10.0.0.2', '10.0.0.1'],
    ['203.0.113.9, [fd00::1]:8080', '203.0.113.9'],
  ] as const) {
    t.equal(xff(written), address, written)
  }
  for (const [written, address] of [
    ['for=192.0.2.60', '192.0.2.60'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['proto=https; FOR="192.0.2.60:99" ;by=203.0.113.43', '192.0.2.60'],
    ['for=6.6.6.6, for=192.0.2.60;host="a,b", for=10.0.0.7', '192.0.2.60'],
    ['host="x;for=6.6.6.6"; for=192.0.2.60;', '192.0.2.60'],
  ] as const) {
    t.equal(forwarded(written), address, written)
  }
  t.equal(unreadable(), 0)
})

t.test('what is no address stops the reading: the proxy that reported it counts', async (t) => {
  const { xff, forwarded, unreadable } = readers()
  const nonsense = [
    'unknown',
    '_hidden',
    'localhost',
    '[203.0.113.9]',
    '203.0.113',
    '0x7f.1',
    '1',
    '203.0.113.9:',
    '2001:db8::9]',
    '"',
  ]
  for (const each of nonsense) t.equal(xff(`203.0.113.9, ${each}`), from, each)
  for (const each of [
    'for=unknown',
    'for=_x',
    'proto=https',
    '203.0.113.9',
    'xfor=203.0.113.9',
    'for=',
    'for=1.1.1.1;for=1.1.1.1',
    'for=1.1.1.1 "',
  ]) {
    t.equal(forwarded(`for=203.0.113.9, ${each}`), from, each)
  }
  t.equal(unreadable(), nonsense.length + 8)
  t.equal(xff('unknown, 10.0.0.7'), '10.0.0.7', 'the nearest one to the client that is ours')
})

t.test('who is no proxy of ours, and a proxy that says nothing, are themselves', async (t) => {
  const { xff, unreadable } = readers()
  t.equal(xff('203.0.113.9', '198.51.100.1'), '198.51.100.1')
  t.equal(xff('203.0.113.9', '::ffff:10.0.0.7'), '203.0.113.9', 'IPv4 in IPv6 clothes')
  t.equal(xff(undefined), from)
  t.equal(xff(' , '), from)
  t.equal(createClientReader({ trusted, header: 'forwarded' }, () => {})({ headers: {}, socket: {} }), '', 'gone')
  t.equal(unreadable(), 0)
})

t.test('nothing that a client writes changes what the proxy adds behind it', async () => {
  const { xff, forwarded } = readers()
  const part = fc.constantFrom('"', ',', ';', '\\', ' ', 'for=', '1.2.3.4', '[', ']', ':', '%', 'x', '=')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const written = parts.join('')
      const own = '203.0.113.9:4711'
      return xff(`${written}, ${own}`) === '203.0.113.9' && forwarded(`${written}, for="${own}"`) === '203.0.113.9'
    }),
    { numRuns: 300 },
  )
})

t.test('clients behind a proxy that writes ports have limits of their own, and nonsense is told once', async (t) => {
  const service = await startApp(t, { settings: { TRUST_PROXY: from, FLOOD_PER_MINUTE: '2' } })
  const ask = async (forwarded: string) =>
    (await service.get('/nowhere', { headers: { 'x-forwarded-for': forwarded, forwarded: 'for=192.0.2.60' } })).status
  const statuses: number[] = []
  for (let index = 0; index < 4; index += 1) statuses.push(await ask(`203.0.113.${index}:4711`))
  t.strictSame(statuses, [404, 404, 404, 404])
  const one: number[] = []
  for (let index = 0; index < 3; index += 1) one.push(await ask(`[2001:db8::${index}]:${index + 1}`))
  t.strictSame(one, [404, 404, 429], 'a /64 is one client, whatever its port')
  const none: number[] = []
  for (let index = 0; index < 3; index += 1) none.push(await ask(`203.0.113.${index + 10}, unknown`))
  t.strictSame(none, [404, 404, 429], 'the proxy itself')
  t.equal(service.logged().split('a trusted proxy names clients by what is no address').length, 2)
})

t.test('Forwarded, where it is asked for, and not the other header', async (t) => {
  const service = await startApp(t, {
    settings: { TRUST_PROXY: from, PROXY_HEADER: 'forwarded', FLOOD_PER_MINUTE: '2' },
  })
  const ask = async (index: number) => {
    const headers = { forwarded: `for="203.0.113.${index}:4711"`, 'x-forwarded-for': '6.6.6.6' }
    return (await service.get('/nowhere', { headers })).status
  }
  t.strictSame([await ask(1), await ask(2), await ask(3), await ask(3), await ask(3)], [404, 404, 404, 404, 429])
})

t.test('a list of blocks answers right however many addresses it is asked for', async (t) => {
  const list = blockListOf(['10.0.0.0/16', '2001:db8::/32'])
  let among = 0
  // More than it remembers.
  for (let n = 0; n < 10_100; n += 1) if (list.has(`10.${n >> 13}.${(n >> 5) & 255}.${n & 31}`)) among += 1
  t.equal(among, 8_192)
  t.strictSame(
    ['10.0.0.1', '10.0.0.1', '10.1.0.1', '2001:db8::1', '2001:db9::1', undefined].map((address) => list.has(address)),
    [true, true, false, true, false, false],
  )
})
