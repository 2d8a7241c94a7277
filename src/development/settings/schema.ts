// The settings as a JSON Schema (of draft 7, as Helm takes it), for values of a deployment in YAML: what a value may be is known before
// anything starts.
import type { Setting } from '../../config/table/setting.js'
import { settingNames, settings } from '../../config/table/table.js'
import { durationPattern } from './range-pattern.js'
import { defaultOf, formOf } from './words.js'

export type SettingsSchema = Readonly<{
  type: 'object'
  additionalProperties: false
  properties: Readonly<Record<string, object>>
}>

/** Of all settings that are no secrets: those come by reference, see `secretNames`. */
export function settingsSchema(): SettingsSchema {
  const names = settingNames.filter((name) => (settings[name] as Setting).secret === undefined)
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      names.map((name) => [name, { ...aboutOf(settings[name]), ...shapeOf(settings[name]) }]),
    ),
  }
}

/** The settings whose values are secrets, or hold one. */
export function secretNames(): readonly string[] {
  return settingNames.filter((name) => (settings[name] as Setting).secret !== undefined)
}

function aboutOf(setting: Setting) {
  const preset = setting.defaultOf === undefined ? defaultOf(setting, 'production') : undefined
  const form = formOf(setting) === '' ? '' : ` Takes ${formOf(setting)}.`
  return { description: `${setting.about}${form}${preset === undefined ? '' : ` Default: ${preset}.`}` }
}

/**
 * Numbers are written as such, since of a text no range can be told. A form that code checks is left to the start of the service.
 * `off` without quotes is `false` by the time Helm sees it (YAML 1.1).
 */
function shapeOf(setting: Setting): object {
  switch (setting.type) {
    case 'integer':
      return { type: 'integer', minimum: setting.minimum, maximum: setting.maximum }
    case 'share':
      return { type: 'number', minimum: 0, maximum: 1 }
    case 'duration':
      return {
        oneOf: [
          { type: 'integer', minimum: setting.minimum, maximum: setting.maximum },
          { type: 'string', pattern: durationPattern(setting.minimum, setting.maximum) },
          ...(setting.default === null ? [{ enum: ['off', false] }] : []),
        ],
      }
    case 'flag':
      return { oneOf: [{ type: 'boolean' }, { enum: ['on', 'off', 'true', 'false'] }] }
    case 'choice':
      return { enum: [...setting.options, ...(setting.options.includes('off') ? [false] : [])] }
    case 'list':
      return { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, uniqueItems: true }] }
    case 'text':
      return setting.pattern !== undefined && isForGo(setting.pattern)
        ? { type: 'string', pattern: setting.pattern.source }
        : { type: 'string' }
  }
}

/** Whether Go's regular expressions, which are Helm's, can have it: they know no flags from outside and never look ahead. */
function isForGo({ flags, source }: RegExp): boolean {
  return flags === '' && !/\(\?(?!:)/.test(source)
}
