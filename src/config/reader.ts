// Reads single settings out of an environment, by their rows in the table: typed, within their range, from a value or from a file.
// Collects what is wrong.
import { readFileSync } from 'node:fs'
import type { Mode, Setting } from './table/setting.js'
import { defaultIn, type NameOf, type OptionOf, rowOf, type SettingName, settings } from './table/table.js'

export type { Mode } from './table/setting.js'
export type Environment = Readonly<Record<string, string | undefined>>

/** Thrown when the settings cannot be used. Each problem is one line that names a setting and never prints its value. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** What code knows of a range that the table does not: another setting. */
type Bounds = Readonly<{ fallback?: number; maximum?: number }>

const secondsPerUnit = new Map([
  ['', 1],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
])

/** Seconds of `90`, `90s`, `15m`, `12h` or `7d`; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text)
  return match ? Number(match[1]) * Number(secondsPerUnit.get(String(match[2]))) : null
}

export class SettingReader {
  readonly #environment: Environment
  /** the settings that were asked for, for the test that holds the table to the readers */
  readonly names = new Set<SettingName>()
  readonly problems: string[] = []
  /** the settings that the problems name: each is one line, of the first that is wrong with it */
  readonly #blamed = new Set<SettingName>()
  readonly mode: Mode

  /** @param mode which defaults count; what NODE_ENV says where it is left out */
  constructor(environment: Environment, mode?: Mode) {
    this.#environment = environment
    // Unset means production: forgetting the variable must never switch a guard off.
    this.mode = mode ?? this.choice('NODE_ENV')
  }

  report(name: SettingName, problem: string): void {
    this.#blame(name, `${name} ${problem}`)
  }

  #blame(name: SettingName, line: string): void {
    if (!this.#blamed.has(name)) this.problems.push(line)
    this.#blamed.add(name)
  }

  /**
   * Reports that a value is not what the row of its setting says it must be.
   * @param why it is not, where the rule is long; holds nothing of the value, which may be a secret
   */
  refuse(name: RuledName, why?: string): void {
    this.report(name, `${settings[name].rule}${why === undefined ? '' : `: ${why}`}`)
  }

  /** The text of a setting, or of the file that `NAME_FILE` names (a mounted secret); an empty one counts as unset. */
  #read(name: SettingName): string | undefined {
    this.names.add(name)
    const value = this.#environment[name]
    const file = this.#environment[`${name}_FILE`]
    if (!file) return value || undefined
    if (value) this.report(name, `and ${name}_FILE are both set; keep one`)
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined
    } catch {
      this.#blame(name, `${name}_FILE names a file that cannot be read`)
      return undefined
    }
  }

  /** What is written there, whatever its type, unless it is unset. */
  written(name: SettingName): string | undefined {
    return this.#read(name)
  }

  /** A text, or its default; refused where its row has a pattern that it does not match. */
  text<Name extends NameOf<'text'>>(name: Name): TextOf<Name> {
    const { default: preset, pattern, rule } = rowOf<'text'>(name)
    const value = this.#read(name)
    if (value !== undefined && pattern !== undefined && !pattern.test(value)) this.report(name, String(rule))
    return (value ?? (preset === undefined ? undefined : defaultIn(this.mode, preset))) as TextOf<Name>
  }

  /** A text without which the service does not start; empty where there is none. */
  required(name: NameOf<'text'>, why: string): string {
    const value = this.text(name)
    if (value === undefined) this.report(name, `is required${why && ` ${why}`}`)
    return value ?? ''
  }

  integer(name: NameOf<'integer'>): number {
    const { default: preset, minimum, maximum } = rowOf<'integer'>(name)
    const fallback = defaultIn(this.mode, preset)
    const value = this.#read(name)
    if (value === undefined) return fallback
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (number >= minimum && number <= maximum) return number
    this.report(name, `must be a whole number from ${minimum} to ${maximum}`)
    return fallback
  }

  /** 0 to 1. */
  share(name: NameOf<'share'>): number {
    const fallback = rowOf<'share'>(name).default
    const value = this.#read(name)
    if (value === undefined) return fallback
    if (/^(0(\.\d{1,4})?|1)$/.test(value)) return Number(value)
    this.report(name, `must be a share from 0 to 1, such as ${fallback}`)
    return fallback
  }

  /** Seconds; null where the setting is off, which those can be whose default it is. */
  duration<Name extends NameOf<'duration'>>(name: Name, bounds: Bounds = {}): SecondsOf<Name> {
    const { default: preset, minimum, maximum: most } = rowOf<'duration'>(name)
    const { fallback = preset, maximum = most } = bounds
    const value = this.#read(name)
    if (value === undefined || (preset === null && value === 'off')) return fallback as SecondsOf<Name>
    const seconds = parseDuration(value)
    if (seconds !== null && seconds >= minimum && seconds <= maximum) return seconds as SecondsOf<Name>
    this.report(name, `must be a duration from ${minimum} to ${maximum} seconds, such as 300, 15m, 12h or 7d`)
    return fallback as SecondsOf<Name>
  }

  flag(name: NameOf<'flag'>): boolean {
    const fallback = defaultIn(this.mode, rowOf<'flag'>(name).default)
    const value = this.#read(name)
    if (value === undefined) return fallback
    if (['true', 'on', '1'].includes(value)) return true
    if (['false', 'off', '0'].includes(value)) return false
    this.report(name, 'must be on or off, or true or false')
    return fallback
  }

  choice<Name extends NameOf<'choice'>>(name: Name): OptionOf<Name> {
    const { options, default: preset } = rowOf<'choice'>(name)
    const value = this.#read(name)
    if (value !== undefined && options.includes(value)) return value as OptionOf<Name>
    if (value !== undefined) this.report(name, `must be one of ${options.join(', ')}`)
    // Of the mode itself it is asked before there is one.
    return defaultIn(this.mode ?? 'production', preset) as OptionOf<Name>
  }

  /**
   * A comma-separated list, each item checked by `accepts`.
   * @param fallback where the default is what another setting says
   */
  list<Item extends string>(
    name: NameOf<'list'>,
    accepts: (item: string) => item is Item,
    fallback?: readonly Item[],
  ): readonly Item[] {
    const { of, default: preset } = rowOf<'list'>(name)
    const otherwise = fallback ?? (defaultIn(this.mode, preset) as readonly Item[])
    const value = this.#read(name)
    if (value === undefined) return otherwise
    const items = value.split(',').map((item) => item.trim())
    const accepted = items.filter(accepts)
    if (accepted.length === items.length && new Set(items).size === items.length) return accepted
    this.report(name, `must be a comma-separated list of ${of}, each once`)
    return otherwise
  }
}

/** Texts whose row says what they must be. */
type RuledName = {
  [Name in NameOf<'text'>]: RowOf<Name> extends { rule: string } ? Name : never
}[NameOf<'text'>]

type RowOf<Name extends SettingName> = (typeof settings)[Name]
type TextOf<Name extends NameOf<'text'>> =
  RowOf<Name> extends { default: Setting['default'] } ? string : string | undefined
type SecondsOf<Name extends NameOf<'duration'>> = RowOf<Name>['default'] extends number ? number : number | null
