// The settings of channels, drivers and routes.
import { type DriverName, parseDriverSettings } from './driver-settings.js'
import type { SettingReader } from './reader.js'
import { settings } from './table/table.js'

export type Channel = 'sms' | 'email'

const driversOf = {
  SMS_DRIVERS: ['console', 'twilio', 'webhook'],
  EMAIL_DRIVERS: ['console', 'smtp', 'webhook'],
} as const satisfies Record<string, readonly DriverName[]>

const isChannel = (item: string): item is Channel => item === 'sms' || item === 'email'

/** @param smsCountries the countries whose numbers get an SMS (ISO 3166-1 alpha-2) */
export function parseDeliverySettings(read: SettingReader, smsCountries: readonly string[]) {
  const channels = read.list('CHANNELS', isChannel)
  const inUse = (channel: Channel) => channels.includes(channel)
  const sms = readDrivers(read, 'SMS_DRIVERS', inUse('sms'))
  const email = readDrivers(read, 'EMAIL_DRIVERS', inUse('email'))
  const smsRoutes = readRoutes(read, sms, smsCountries)
  const used = { sms: inUse('sms') ? sms : [], email: inUse('email') ? email : [] }
  const settingsOf = parseDriverSettings(read, (name) => [...used.sms, ...used.email].includes(name))
  return {
    channels,
    drivers: { sms: used.sms.map(settingsOf), email: used.email.map(settingsOf) },
    /** the drivers of a country in their order, by its code or `*` */
    smsRoutes,
  }
}

function readDrivers(read: SettingReader, name: keyof typeof driversOf, isInUse: boolean) {
  const known: readonly string[] = driversOf[name]
  const isDriver = (item: string): item is DriverName => known.includes(item)
  const drivers = read.list(name, isDriver)
  if (!isInUse) return drivers
  if (drivers.length === 0 && read.written(name) === undefined) read.report(name, 'is required for a channel in use')
  if (read.mode === 'production' && drivers.includes('console'))
    read.report(name, 'must not name console in production')
  return drivers
}

/** `IN:webhook+twilio,*:twilio`: the drivers of a country, the first one first; `*` for the countries that have none. */
function readRoutes(read: SettingReader, drivers: readonly string[], countries: readonly string[]) {
  const routes = new Map<string, readonly string[]>()
  const problems = new Set<string>()
  for (const route of read.text('SMS_ROUTES')?.split(',') ?? []) {
    const [country = '', names = '', ...rest] = route.trim().split(':')
    const line = names.split('+')
    if (rest.length > 0 || routes.has(country) || new Set(line).size < line.length) {
      problems.add(settings.SMS_ROUTES.rule)
    }
    if (country !== '*' && !countries.includes(country)) problems.add('must name countries of SMS_COUNTRIES, or *')
    if (!line.every((name) => drivers.includes(name))) problems.add('must name drivers of SMS_DRIVERS')
    routes.set(country, line)
  }
  for (const problem of problems) read.report('SMS_ROUTES', problem)
  return routes
}
