// The doctor on proxies: it fails where one of ours has named clients by what is no address.
import t from 'tap'
import { createClient } from '../../src/cli/doctor-http.js'
import { serviceFindings } from '../../src/cli/doctor-service.js'
import { startApp } from '../support/app.js'

const METRICS_TOKEN = 'a-metrics-token-of-thirty-two-bytes'

t.test('clients that a proxy names by what is no address', async (t) => {
  const service = await startApp(t, { settings: { TRUST_PROXY: '127.0.0.1', METRICS_TOKEN } })
  const base = new URL(await service.app.listen({ host: '127.0.0.1', port: 0 }))
  const { ask, close } = createClient(base)
  t.teardown(close)
  const examine = async (config = service.config) => {
    const found: string[] = []
    for await (const { state, line } of serviceFindings({ base, ask, config, proves: false }))
      found.push(`${state} ${line}`)
    return found.filter((line) => /TRUST_PROXY/.test(line))
  }
  t.strictSame(await examine(), ['ok the proxies of TRUST_PROXY name clients by addresses'])
  await ask('/nowhere', { headers: { 'x-forwarded-for': '203.0.113.9:4711' } })
  await ask('/nowhere', { headers: { 'x-forwarded-for': 'unknown' } })
  t.strictSame(await examine(), [
    'failed a proxy of TRUST_PROXY named 1 client by what is no address: all such share the limits of the proxy',
  ])
  t.strictSame(await examine({ ...service.config, trustProxy: [] }), [], 'no proxy, no finding')
  t.strictSame(
    await examine({ ...service.config, metricsToken: undefined }),
    [],
    'nor where the counters are not shown',
  )
})
