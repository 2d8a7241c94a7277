// Reads single settings out of an environment: typed, with their range, from a value or from a file. Collects what is wrong.
import { readFileSync } from 'node:fs'

export type Mode = 'production' | 'development' | 'test'
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

type Range = { minimum: number; maximum: number }

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
  readonly names = new Set<string>()
  readonly problems: string[] = []

  constructor(environment: Environment) {
    this.#environment = environment
  }

  report(name: string, problem: string): void {
    this.problems.push(`${name} ${problem}`)
  }

  /** The text of a setting, or of the file that `NAME_FILE` names (a mounted secret); an empty one counts as unset. */
  text(name: string): string | undefined {
    this.names.add(name)
    const value = this.#environment[name]
    const file = this.#environment[`${name}_FILE`]
    if (!file) return value || undefined
    if (value) this.report(name, `and ${name}_FILE are both set; keep one`)
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined
    } catch {
      this.report(`${name}_FILE`, 'names a file that cannot be read')
      return undefined
    }
  }

  required(name: string, why: string): string {
    const value = this.text(name)
    if (value === undefined) this.report(name, `is required${why && ` ${why}`}`)
    return value ?? ''
  }

  integer(name: string, fallback: number, { minimum, maximum }: Range): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (number >= minimum && number <= maximum) return number
    this.report(name, `must be a whole number from ${minimum} to ${maximum}`)
    return fallback
  }

  /** Seconds. */
  duration(name: string, fallback: number, { minimum, maximum }: Range): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const seconds = parseDuration(value)
    if (seconds !== null && seconds >= minimum && seconds <= maximum) return seconds
    this.report(name, `must be a duration from ${minimum} to ${maximum} seconds, such as 300, 15m, 12h or 7d`)
    return fallback
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.text(name)
    if (value === undefined) return fallback
    if (['true', 'on', '1'].includes(value)) return true
    if (['false', 'off', '0'].includes(value)) return false
    this.report(name, 'must be on or off, or true or false')
    return fallback
  }

  choice<const Option extends string>(name: string, fallback: Option, options: readonly Option[]): Option {
    const value = this.text(name)
    const chosen = options.find((option) => option === value)
    if (value !== undefined && chosen === undefined) this.report(name, `must be one of ${options.join(', ')}`)
    return chosen ?? fallback
  }

  /** A comma-separated list, each item checked by `accepts`. */
  list<Item extends string>(
    name: string,
    fallback: readonly Item[],
    expected: string,
    accepts: (item: string) => item is Item,
  ): readonly Item[] {
    const value = this.text(name)
    if (value === undefined) return fallback
    const items = value.split(',').map((item) => item.trim())
    const accepted = items.filter(accepts)
    if (accepted.length === items.length && new Set(items).size === items.length) return accepted
    this.report(name, `must be a comma-separated list of ${expected}, each once`)
    return fallback
  }
}
