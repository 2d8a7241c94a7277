// The flood guard of a running service, proved by being refused (`--prove`), from a loopback address that nobody else uses.
import { randomInt } from 'node:crypto'
import { isLoopbackHost } from '../config/formats.js'
import { counted } from './counted.js'
import { type Finding, findingsOf } from './doctor-findings.js'
import type { Answer } from './doctor-http.js'
import type { ServiceUnderTest } from './doctor-service.js'

const found = findingsOf('limits')

/** More calls than that are no proof but a burden. */
export const maxCalls = 3_000
const callsAtOnce = 20

export const onTheSpot = 'run it on the service’s own machine, with --url http://127.0.0.1:PORT'

/** What cannot be tried without writing or counting. */
export function untried(what: string): Finding {
  return found('note', `${what} not tried: --prove does that, and says first what it writes`)
}

/** A loopback address that is ours alone; undefined where the service is elsewhere, or this system has only one such address. */
export async function findOwnAddress({ base, ask }: ServiceUnderTest): Promise<string | undefined> {
  if (!isLoopbackHost(base.hostname)) return undefined
  const localAddress = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`
  return ask('/health/live', { localAddress }).then(
    () => localAddress,
    () => undefined,
  )
}

/** Asks until the guard says no; it does not listen to that address for the rest of the minute. */
export async function floodFinding(service: ServiceUnderTest): Promise<Finding> {
  const { base, ask, config, proves } = service
  const most = config.limits.floodPerMinute
  const share = counted(most, 'call')
  if (most > maxCalls) return found('note', 'the flood guard was not tried: FLOOD_PER_MINUTE is too high for that')
  if (!proves && isLoopbackHost(base.hostname)) return untried('the flood guard was')
  const localAddress = await findOwnAddress(service)
  if (localAddress === undefined) {
    return found('note', 'the flood guard was not tried: others may share this address', onTheSpot)
  }
  for (let calls = 0; calls <= most; calls += callsAtOnce) {
    const batch = Array.from({ length: callsAtOnce }, () => ask('/auth/phone-prefixes', { localAddress }))
    const refused = (await Promise.all(batch)).find(({ status }) => status === 429)
    if (refused) return refusalFinding(refused, 60, `the flood guard refuses an address after ${share} a minute`)
  }
  const hint = 'check RATE_LIMITS, FLOOD_PER_MINUTE and NODE_ENV of the service'
  return found('failed', `the flood guard let more than ${share} of one address in a minute through`, hint)
}

/**
 * A refusal is good only with a true Retry-After.
 * @param longest seconds
 */
export function refusalFinding({ headers }: Answer, longest: number, line: string): Finding {
  const seconds = Number(headers['retry-after'])
  if (seconds >= 1 && seconds <= longest) return found('ok', line)
  return found('failed', `${line}, but says no true Retry-After`, 'look for a proxy that drops or changes headers')
}
