// What a row of the table of settings says: enough to check a value, to explain it, and to hand it on to what deploys the service.

export type Mode = 'production' | 'development' | 'test'

/** A default that is not the same in each mode. */
export type ByMode<Value> = Readonly<Record<Mode, Value>>

/** The same in production and test, another in development. */
export function inDevelopment<const Value>(development: Value, otherwise: Value): ByMode<Value> {
  return { production: otherwise, development, test: otherwise }
}

/** The same in development and test, another in production. */
export function inProduction<const Value>(production: Value, otherwise: Value): ByMode<Value> {
  return { production, development: otherwise, test: otherwise }
}

type Common = Readonly<{
  /** what it does: sentences, with the unit of numbers; what its form and its range are is said by what follows */
  about: string
  /** a document that says more, from the root of the project */
  see?: string
  /** when there has to be one: `in production` */
  required?: string
  /** what stands for the default where it is none that can be written down: another setting's name, or a few words */
  defaultOf?: string
  /** a value to show where there is no default */
  example?: string
  /** `key`: a secret for one lock alone; `within`: a text that holds one, such as a URL with a password */
  secret?: 'key' | 'within'
  /** who reads it, where that is not the service */
  readBy?: string
}>

export type IntegerSetting = Common &
  Readonly<{ type: 'integer'; default: number | ByMode<number>; minimum: number; maximum: number }>

/** A part of all, 0 to 1. */
export type ShareSetting = Common & Readonly<{ type: 'share'; default: number }>

/** Seconds, also written `15m`, `12h`, `7d`. A default of null is `off`, which then may be written too. */
export type DurationSetting = Common &
  Readonly<{ type: 'duration'; default: number | null; minimum: number; maximum: number }>

export type FlagSetting = Common & Readonly<{ type: 'flag'; default: boolean | ByMode<boolean> }>

export type ChoiceSetting = Common &
  Readonly<{ type: 'choice'; options: readonly string[]; default: string | ByMode<string> }>

/** Comma-separated, each item once. */
export type ListSetting = Common &
  Readonly<{
    type: 'list'
    /** what its items are, for the sentence "must be a comma-separated list of …" */
    of: string
    default: readonly string[] | ByMode<readonly string[]>
  }>

export type TextSetting = Common &
  Readonly<{
    type: 'text'
    default?: string | ByMode<string>
    /** what a value has to be like, for the sentence that refuses another: "must be …" */
    rule?: string
    /** where a pattern alone decides */
    pattern?: RegExp
  }>

export type Setting =
  | IntegerSetting
  | ShareSetting
  | DurationSetting
  | FlagSetting
  | ChoiceSetting
  | ListSetting
  | TextSetting

export const day = 86_400
