// What a group of attacks stands on: services that the run started itself, each on a database and a gateway of its own.
import type { Databases, Grey } from './database.js'
import { type FakeGateway, startFakeGateway } from './fake-gateway.js'
import { type Ask, createAsk } from './http.js'
import { listening, productionSettings, type Running, refusalOf, type Settings, startProgram } from './process.js'

export type Service = {
  base: string
  ask: Ask
  grey: Grey
  gateway: FakeGateway
  running: Running
  settings: Settings
  /** ends it in order, or at once by SIGKILL, and waits */
  stop: (signal?: 'SIGKILL') => Promise<void>
}

/** What the build has, as it says itself; a parameter in a route is `{id}`, whatever its name. */
export type Build = { settings: ReadonlySet<string>; routes: ReadonlySet<string>; document: string }

export type Fixtures = {
  databases: Databases
  build: Build
  /** the service with these settings: started by the first attack that asks, shared by those that ask for the same */
  service: (settings?: Settings) => Promise<Service>
  /** another one, of nobody else; on the database and the gateway of `beside`, or on its own */
  ownService: (settings?: Settings, beside?: Service) => Promise<Service>
  close: () => Promise<void>
}

const optionalSettings = [
  ...['ACCOUNT_DISCLOSURE', 'CORS_ORIGINS', 'IP_SEND_PER_HOUR', 'IP_VERIFY_PER_10_MIN', 'IP_UNKNOWN_PER_HOUR'],
  ...['FLOOD_PER_MINUTE', 'SMS_BUDGET_PER_HOUR', 'SMS_BUDGET_PER_DAY', 'BREAKER_MIN_SENDS', 'BREAKER_MIN_VERIFIED'],
  ...['WEBOTP_DOMAIN', 'TEST_OTPS', 'INTROSPECTION_TOKEN', 'METRICS_TOKEN', 'AUDIT_RETENTION', 'RATE_LIMITS'],
  ...['TWILIO_AUTH_TOKEN', 'CHALLENGE', 'PROXY_HEADER', 'RECYCLE_AFTER', 'RETURN_TO_ORIGINS', 'PASSKEY_RP_ID'],
  ...['HOOK_BEFORE_SIGNUP', 'EVENT_WEBHOOKS'],
]

/** Asks the build which settings it knows (by values that none can have) and which routes it has. */
export async function askBuild(databases: Databases): Promise<Build> {
  const bogus = Object.fromEntries(optionalSettings.map((name) => [name, '\u0001?']))
  const refusal = await refusalOf({
    ...productionSettings('postgresql://127.0.0.1/none', 'http://127.0.0.1:1/'),
    ...bogus,
  })
  const settings = new Set(optionalSettings.filter((name) => refusal?.output.includes(`${name} `)))
  const fixtures = createFixtures(databases, { settings, routes: new Set(), document: '' })
  const { ask } = await fixtures.service()
  const { text, body } = await ask('GET', '/openapi.json')
  const paths = Object.entries(Object(body['paths']) as Record<string, object>)
  const routes = paths.flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, '{id}')}`),
  )
  await fixtures.close()
  return { settings, routes: new Set(routes), document: text }
}

export function createFixtures(databases: Databases, build: Build): Fixtures {
  const shared = new Map<string, Promise<Service>>()
  const open = new Set<Service>()

  async function ownService(settings: Settings = {}, beside?: Service): Promise<Service> {
    const grey = beside?.grey ?? (await databases.create())
    const gateway = beside?.gateway ?? (await startFakeGateway())
    const all = { ...productionSettings(grey.url, gateway.url), ...settings }
    const running = startProgram('server.js', all)
    const base = await listening(running)
    const ask = createAsk(base)
    const service: Service = { base, ask, grey, gateway, running, settings: all, stop }
    async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
      open.delete(service)
      ask.close()
      running.child.kill(signal)
      await running.exited
      if (!beside) gateway.close()
    }
    open.add(service)
    return service
  }

  return {
    databases,
    build,
    ownService,
    service(settings = {}) {
      const key = JSON.stringify(settings)
      const service = shared.get(key) ?? ownService(settings)
      shared.set(key, service)
      return service
    },
    async close() {
      // In order takes a second each, and all that was printed has been read as it came.
      await Promise.all([...open].map((service) => service.stop('SIGKILL')))
    },
  }
}
