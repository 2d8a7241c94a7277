// All settings, each said once: what checks them, .env.example, docs/settings.md and the values of the chart are made of this table.
import { codeRows } from './codes.js'
import { databaseRows } from './database.js'
import { eventRows } from './events.js'
import { limitRows } from './limits.js'
import { costRows, messageRows, sendingRows } from './messages.js'
import { pageRows } from './pages.js'
import { passkeyRows } from './passkeys.js'
import { peopleRows } from './people.js'
import { serverRows } from './server.js'
import { sessionRows } from './sessions.js'
import type { ByMode, Mode, Setting } from './setting.js'

/** In the order in which people read them. */
export const groups = [
  { title: 'The process', rows: serverRows },
  { title: 'The database', rows: databaseRows },
  { title: 'Codes', rows: codeRows },
  { title: "Limits beyond the identifier's own, shared by all replicas", rows: limitRows },
  { title: 'Who can sign in', rows: peopleRows },
  { title: 'Sessions', rows: sessionRows },
  { title: 'Sending', rows: sendingRows },
  { title: 'What messages cost', rows: costRows },
  { title: 'What messages say', rows: messageRows },
  { title: 'Passkeys', rows: passkeyRows },
  { title: 'The pages at /sign-in and /admin', rows: pageRows },
  { title: "The product's own systems", rows: eventRows },
] as const satisfies readonly Readonly<{ title: string; rows: Readonly<Record<string, Setting>> }>[]

export const settings = {
  ...serverRows,
  ...databaseRows,
  ...codeRows,
  ...limitRows,
  ...peopleRows,
  ...sessionRows,
  ...sendingRows,
  ...costRows,
  ...messageRows,
  ...passkeyRows,
  ...pageRows,
  ...eventRows,
}

type Settings = typeof settings
export type SettingName = keyof Settings

/** The names of the settings of one type. */
export type NameOf<Type extends Setting['type']> = {
  [Name in SettingName]: Settings[Name] extends { type: Type } ? Name : never
}[SettingName]

/** What a choice can be. */
export type OptionOf<Name extends NameOf<'choice'>> = Settings[Name]['options'][number]

/** The row of a setting, as what is common to those of its type. */
export function rowOf<Type extends Setting['type']>(name: NameOf<Type>): Extract<Setting, { type: Type }> {
  return settings[name] as unknown as Extract<Setting, { type: Type }>
}

/** The names of all settings that the service reads. */
export const settingNames: readonly SettingName[] = (Object.keys(settings) as SettingName[]).filter(
  (name) => !('readBy' in settings[name]),
)

/** The secrets that open one lock alone. */
export const keyNames: readonly SettingName[] = settingNames.filter(
  (name) => (settings[name] as Setting).secret === 'key',
)

/** The default in a mode. */
export function defaultIn<Value extends string | number | boolean | readonly string[]>(
  mode: Mode,
  value: Value | ByMode<Value>,
): Value {
  return isByMode(value) ? value[mode] : value
}

function isByMode<Value>(value: Value | ByMode<Value>): value is ByMode<Value> {
  return typeof value === 'object' && value !== null && 'production' in value
}
