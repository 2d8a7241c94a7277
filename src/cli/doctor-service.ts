// A running service seen from outside: it answers, and its guards are up. Nothing that is asked here writes a row, counts as a guess
// or sends a message, even where a guard is down.
import type { Config } from '../config/config.js'
import { isLoopbackHost } from '../config/formats.js'
import { standardHeaders } from '../http/headers.js'
import { unreadableClients } from '../operations/metrics.js'
import { counted } from './counted.js'
import { type Finding, type Findings, findingsOf, type State } from './doctor-findings.js'
import type { Answer, Ask } from './doctor-http.js'

const found = findingsOf('service')

/** What is asked of a route that sets cookies. No code is like that: what a guard lets through is refused by its schema all the same. */
const guess = { email: 'doctor@doctor.invalid', otp: 'none' }

const guessRoute = '/auth/verify-otp'
const sendRoutes = ['/api/auth/send-otp', '/auth/request-otp']

export type ServiceUnderTest = Readonly<{
  base: URL
  ask: Ask
  config: Config
  /** whether what writes rows and spends counts may be tried (`--prove`) */
  proves: boolean
}>

/** An answer that is expected: its status, its code and, where it has others too, the line that tells the fault. */
type Refusal = Readonly<{ status: number; code: string; line?: string }>

export async function* serviceFindings({ base, ask, config }: ServiceUnderTest): Findings {
  const live = await ask('/health/live')
  yield live.status === 200
    ? found('ok', `alive at ${base.origin}`)
    : found('failed', `/health/live is answered ${live.status}`, 'is this the address of the service?')
  const ready = await ask('/health/ready')
  yield ready.status === 200
    ? found('ok', 'ready: its database answers and is migrated')
    : found('failed', `/health/ready is answered ${ready.status}`, 'see the errors of the database above, and its log')
  if (base.protocol === 'http:' && !isLoopbackHost(base.hostname)) {
    yield found('failed', 'reached over plain HTTP: codes and tokens can be read on the way', 'put TLS in front of it')
  }
  yield headersFinding(live)
  const unknown = { status: 400, code: 'validation_failed', line: 'doctor is not a known field' }
  yield refusalOf('unknown fields', unknown, await ask(guessRoute, { body: { ...guess, doctor: true } }))
  const elsewhere = { 'sec-fetch-site': 'cross-site', origin: 'https://doctor.invalid' }
  const crossSite = { status: 403, code: 'cross_site' }
  const answer = await ask(guessRoute, { body: guess, headers: elsewhere })
  yield refusalOf('calls from pages of other sites', crossSite, answer)
  yield* documentFindings(await ask('/openapi.json'), stateOfOpen(config))
  const docs = await ask('/docs')
  yield docs.status === 200
    ? found('note', '/docs shows the API to everybody', 'set DOCS=off to hide it')
    : found('ok', '/docs is not shown')
  yield* metricsFindings(ask, config)
}

function headersFinding({ headers }: Answer): Finding {
  const { 'x-request-id': _id, ...expected } = standardHeaders('')
  const missing = Object.entries(expected).filter(([name, value]) => headers[name] !== value)
  if (headers['x-request-id'] === undefined) missing.push(['x-request-id', ''])
  if (missing.length === 0) return found('ok', 'answers carry the security headers')
  const names = missing.map(([name]) => name).join(', ')
  return found(
    'failed',
    `answers lack headers, or have others: ${names}`,
    'look for a proxy that drops or changes them',
  )
}

function refusalOf(what: string, { status, code, line }: Refusal, answer: Answer): Finding {
  const isRefused = answer.status === status && answer.body['code'] === code
  const { errors } = answer.body
  if (isRefused && (line === undefined || (Array.isArray(errors) && errors.includes(line)))) {
    return found('ok', `${what} are refused`)
  }
  const hint = 'this is not the service, or something in front of it changes requests'
  if (isRefused) return found('failed', `${what} are answered ${status} otherwise than the service does`, hint)
  return found('failed', `${what} are answered ${answer.status}, not ${status} ${code}`, hint)
}

/** What is open on purpose in development and test is no failure there. */
function stateOfOpen({ mode }: Config): State {
  return mode === 'production' ? 'failed' : 'warning'
}

/** A service whose answers hold the code says so in its document. */
async function* documentFindings({ status, body }: Answer, openState: State): Findings {
  const paths = Object(body['paths'])
  const isOurs =
    status === 200 && String(body['openapi']).startsWith('3.1') && sendRoutes.every((path) => path in paths)
  if (!isOurs) {
    yield found('failed', '/openapi.json does not describe the service', 'is this the address of the service?')
    return
  }
  yield found('ok', '/openapi.json describes the service')
  yield body['x-otp-echo'] === true
    ? found(
        openState,
        'the echo is on: whoever asks for a code is told it',
        'unset OTP_ECHO and NODE_ENV, and start again',
      )
    : found('ok', 'the echo is off: no answer of a send holds the code')
}

async function* metricsFindings(ask: Ask, config: Config): Findings {
  const { metricsToken } = config
  const open = await ask('/metrics')
  const { status } = open
  yield [401, 404].includes(status)
    ? found('ok', '/metrics tells nothing without the token')
    : found(
        stateOfOpen(config),
        `/metrics is answered ${status} without a token`,
        'set METRICS_TOKEN, and unset NODE_ENV',
      )
  if (metricsToken === undefined) return yield* proxyFindings(open, config)
  const shown = await ask('/metrics', { headers: { authorization: `Bearer ${metricsToken}` } })
  yield shown.status === 200
    ? found('ok', '/metrics answers to METRICS_TOKEN')
    : found('failed', `/metrics is answered ${shown.status} with METRICS_TOKEN`, 'the service runs with other settings')
  yield* proxyFindings(shown, config)
}

/** What the service has counted since it started; nothing where its counters are not shown. */
function* proxyFindings({ text }: Answer, { trustProxy, proxyHeader }: Config) {
  const count = new RegExp(`^${unreadableClients} (\\d+)`, 'm').exec(text)?.[1]
  if (count === undefined || trustProxy.length === 0) return
  yield Number(count) === 0
    ? found('ok', 'the proxies of TRUST_PROXY name clients by addresses')
    : found(
        'failed',
        `a proxy of TRUST_PROXY named ${counted(Number(count), 'client')} by what is no address: all such share the limits of the proxy`,
        `see what it writes into ${proxyHeader}; PROXY_HEADER names another header`,
      )
}
