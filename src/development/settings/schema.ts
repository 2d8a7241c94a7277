// The settings as a JSON Schema (2020-12), for values of a deployment: what a value may be is known before anything starts.
import type { Setting } from '../../config/table/setting.js'
import { settingNames, settings } from '../../config/table/table.js'
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

/** Numbers and switches may be written as such in YAML; a form that code checks is left to the start of the service. */
function shapeOf(setting: Setting): object {
  switch (setting.type) {
    case 'integer':
      return {
        oneOf: [
          { type: 'integer', minimum: setting.minimum, maximum: setting.maximum },
          { type: 'string', pattern: '^[0-9]{1,9}$' },
        ],
      }
    case 'share':
      return {
        oneOf: [
          { type: 'number', minimum: 0, maximum: 1 },
          { type: 'string', pattern: '^(0(\\.[0-9]{1,4})?|1)$' },
        ],
      }
    case 'duration':
      return {
        oneOf: [
          { type: 'integer', minimum: setting.minimum, maximum: setting.maximum },
          { type: 'string', pattern: `^([0-9]{1,9}[smhd]?${setting.default === null ? '|off' : ''})$` },
        ],
      }
    case 'flag':
      return { oneOf: [{ type: 'boolean' }, { enum: ['on', 'off', 'true', 'false'] }] }
    case 'choice':
      return { enum: [...setting.options] }
    case 'list':
      return { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, uniqueItems: true }] }
    case 'text':
      return setting.pattern !== undefined && setting.pattern.flags === ''
        ? { type: 'string', pattern: setting.pattern.source }
        : { type: 'string' }
  }
}
