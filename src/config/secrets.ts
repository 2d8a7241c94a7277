// Secrets among the settings: long enough, nobody's example, and each for one lock.
import type { SettingReader } from './reader.js'
import { keyNames, type NameOf, type SettingName } from './table/table.js'

export function parseSecret(read: SettingReader, name: NameOf<'text'>): string {
  const value = read.required(name, '(latchkey keys new prints one)')
  if (value) refuseWeakSecret(read, name, value)
  return value
}

type BearerName = 'METRICS_TOKEN' | 'INTROSPECTION_TOKEN'

/** A secret that somebody shows as a Bearer token; undefined where there is none, and then nobody can. */
export function parseBearerSecret(read: SettingReader, name: BearerName): string | undefined {
  const value = read.text(name)
  if (value === undefined) return undefined
  refuseWeakSecret(read, name, value)
  // RFC 6750 §2.1: anything else could not be sent
  if (!/^[\w.~+/-]+=*$/.test(value)) read.refuse(name)
  return value
}

export function refuseWeakSecret(read: SettingReader, name: SettingName, value: string): void {
  if (Buffer.byteLength(value) < 32) read.report(name, 'must be at least 32 bytes long')
  if (/change.?me|example/i.test(value))
    read.report(name, 'is the value of an example; make your own with latchkey keys new')
}

/** EVENT_KEY goes on with the pepper that did its task before: the current one, or the one that is being replaced. */
function mayBe(name: string, other: string): boolean {
  return name === 'EVENT_KEY' && other.startsWith('OTP_PEPPER')
}

/** One leaked secret must not open a second lock. */
export function refuseSharedSecrets(read: SettingReader): void {
  const seen = new Map<string, SettingName>()
  for (const name of keyNames) {
    const value = read.written(name)
    const other = value === undefined ? undefined : seen.get(value)
    if (other !== undefined && !mayBe(name, other)) read.report(name, `must differ from ${other}`)
    if (value !== undefined) seen.set(value, name)
  }
}
