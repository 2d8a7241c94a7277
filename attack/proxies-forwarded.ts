// L. What proxies and clients write of addresses: ports, brackets, the other header, quotes that are left open.
import { type Attack, bothFlows, named, tally } from './support/context.js'
import type { Answer } from './support/http.js'

const ports: Attack = {
  id: 'L12',
  tried: '12 clients behind a gateway that writes ports, IP_SEND_PER_HOUR=2; then 8 sends of one of them over 8 ports',
  flows: bothFlows,
  settings: { TRUST_PROXY: '127.0.0.1', IP_SEND_PER_HOUR: '2' },
  needs: { settings: ['IP_SEND_PER_HOUR'] },
  async run({ flow, equal }) {
    const network = { mobile: 1, phone: 2, email: 3 }[flow.name]
    const send = (from: string) => flow.send(flow.newPerson(), { headers: { 'x-forwarded-for': from } })
    const each: Answer[] = []
    for (let index = 0; index < 6; index += 1) {
      each.push(await send(`203.0.${network}${index}.9:4711`))
      each.push(await send(`[2001:db8:${network}${index}::9]:443`))
    }
    equal('twelve clients', tally(each), '200 ×12')
    const one: Answer[] = []
    for (let index = 0; index < 8; index += 1) one.push(await send(`198.51.100.${network}:${4711 + index}`))
    equal('one of them', tally(one), '200 ×2, 429 rate_limited ×6')
  },
}

const chosen: Attack = {
  id: 'L12b',
  tried:
    'PROXY_HEADER=forwarded: 30 invented addresses in X-Forwarded-For, in open quotes, in another parameter; one counter for all',
  needs: { settings: ['FLOOD_PER_MINUTE', 'PROXY_HEADER'] },
  async run({ fixtures, equal }) {
    const service = await fixtures.ownService({
      TRUST_PROXY: '127.0.0.1',
      PROXY_HEADER: 'forwarded',
      FLOOD_PER_MINUTE: '10',
    })
    const own = 'for="203.0.113.9:4711"'
    const answers: Answer[] = []
    for (let index = 0; index < 10; index += 1) {
      const other = `198.51.100.${index}`
      for (const headers of [
        { forwarded: own, 'x-forwarded-for': other },
        { forwarded: `for=${other};host="${'"'.repeat(index % 2)}, ${own}`, 'x-forwarded-for': other },
        { forwarded: `for=${other}, host="x;for=${other}";${own}` },
      ])
        answers.push(await service.ask('GET', '/nothing', { headers }))
    }
    equal('answers', tally(answers), '404 not_found ×10, 429 rate_limited ×20')
    const elsewhere = await service.ask('GET', '/nothing', { headers: { forwarded: 'for=203.0.113.10' } })
    equal('another client', named(elsewhere), '404 not_found')
  },
}

export const forwarded: readonly Attack[] = [ports, chosen]
