// Secrets among the settings: long enough, and nobody's example.
import type { SettingReader } from './reader.js'

export function readSecret(read: SettingReader, name: string): string {
  const value = read.required(name, '(npm run keys prints one)')
  if (value) refuseWeakSecret(read, name, value)
  return value
}

/** A secret that somebody shows as a Bearer token; undefined where there is none, and then nobody can. */
export function readBearerSecret(read: SettingReader, name: string): string | undefined {
  const value = read.text(name)
  if (value === undefined) return undefined
  refuseWeakSecret(read, name, value)
  // RFC 6750 §2.1: anything else could not be sent
  if (!/^[\w.~+/-]+=*$/.test(value)) read.report(name, 'must be letters, digits and -._~+/ alone')
  return value
}

export function refuseWeakSecret(read: SettingReader, name: string, value: string): void {
  if (Buffer.byteLength(value) < 32) read.report(name, 'must be at least 32 bytes long')
  if (/change.?me|example/i.test(value))
    read.report(name, 'is the value of an example; make your own with npm run keys')
}
