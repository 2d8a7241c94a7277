// What `--prove` will write and count, told before it begins.
import type { Config } from '../config/config.js'
import { isLoopbackHost } from '../config/formats.js'
import { counted } from './counted.js'
import { maxCalls } from './doctor-flood.js'

/** Rows that are left at most: where each window ends in between, and the cooldown does not hold. */
const maxRows = { events: 12, counters: 30, sends: 1 }

const secondsOfDay = 86_400

/** @param base where the service is */
export function announcementOf({ limits, delivery, audit }: Config, base: URL): string[] {
  const tried = [
    ...(isLoopbackHost(base.hostname) && limits.floodPerMinute <= maxCalls ? [floodLine(limits.floodPerMinute)] : []),
    ...(delivery.channels.includes('email') ? codeLines(limits.ipVerifyPerTenMinutes, audit.retention) : []),
  ]
  if (tried.length === 0) return [`--prove has nothing to try at ${base.origin}, and writes nothing`, '']
  return [
    `--prove lets itself be refused by ${base.origin}, and writes for that:`,
    ...tried.map((line) => `- ${line}`),
    '',
  ]
}

function floodLine(perMinute: number): string {
  return `no row: it asks /auth/phone-prefixes more than ${counted(perMinute, 'time')} from one address 127.x.y.z, which is not heard for a minute then`
}

function codeLines(perAddress: number, retention: number): string[] {
  const { events, counters, sends } = maxRows
  const days = Math.floor(retention / secondsOfDay)
  return [
    'up to 8 guesses at a code of doctor-…@doctor.invalid, which is nobody’s address, and one call for another code',
    `what they leave: up to ${counted(events, 'event')}, which stay for ${counted(days, 'day')} (AUDIT_RETENTION); up to ${counted(counters, 'counter')} and ${counted(sends, 'row')} of identifier_limits, which the cleanup removes when their hour or day is over`,
    'a code for that address, which nobody knows; it is taken out again, and would end by itself after 60 seconds',
    `${perAddress} on the counter of guesses of the doctor’s own address, where nobody shares it, for one call; they are taken back`,
    'no message, unless the cooldown does not hold: then one to that address, where no mail can go',
  ]
}
