// Names in the environment that somebody meant for settings: a typo would otherwise leave the default in force without a word.
import { nearest } from './nearest.js'
import type { Environment } from './reader.js'
import { settings } from './table/table.js'

/** Names as short as HOME and PATH are two letters from a setting, and everybody has them. */
const shortest = 6
/** Up to this length, a name two letters away is as likely somebody else's: APP_HOME. */
const short = 8

export type Misspelled = Readonly<{ name: string; meant: string }>

/** The names that are a letter or two from a setting's that is not set, each with that setting's. Values are not looked at. */
export function misspelledSettings(environment: Environment): Misspelled[] {
  const names = Object.keys(settings).flatMap((name) => [name, `${name}_FILE`])
  const known: ReadonlySet<string> = new Set(names)
  return Object.keys(environment).flatMap((name) => {
    // OTEL_… is OpenTelemetry's, whose settings are heard by their own names (tracing-settings.ts).
    if (name.length < shortest || known.has(name) || name.startsWith('OTEL_')) return []
    const meant = nearest(name.toUpperCase(), names, name.length > short ? 2 : 1)
    // What begins a name is meant for it where a word ends there: DATABASE_NAME is not DATABASE_NAMED_STATEMENTS.
    const isBegun = meant?.startsWith(name) && meant.length > name.length + 2 && meant[name.length] !== '_'
    return meant === undefined || isBegun || environment[meant] !== undefined ? [] : [{ name, meant }]
  })
}

/** The line that tells of one. */
export function lineOfMisspelled({ name, meant }: Misspelled): string {
  return `${name} is no setting; did you mean ${meant}?`
}
