// What the documents say of a setting, in words: its form, its range, its default.
import { day, type Mode, type Setting } from '../../config/table/setting.js'
import { defaultIn } from '../../config/table/table.js'

/** The form and the range of a value: `a whole number from 6 to 10`; empty where every text will do. */
export function formOf(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
      return `a whole number from ${inDigits(setting.minimum)} to ${inDigits(setting.maximum)}`
    case 'share':
      return 'a share from 0 to 1'
    case 'duration': {
      const range = `from ${duration(setting.minimum)} to ${duration(setting.maximum)}`
      return `a duration ${range}${setting.default === null ? ', or off' : ''}`
    }
    case 'flag':
      return 'on or off'
    case 'choice':
      return `one of ${setting.options.join(', ')}`
    case 'list':
      return `a list of ${setting.of}`
    case 'text':
      return setting.rule?.replace(/^must (be|hold) /, '') ?? ''
  }
}

/** The default of a setting in a mode, as it would be written; undefined where it has none. */
export function defaultOf(setting: Setting, mode: Mode): string | undefined {
  if (setting.type === 'duration') return setting.default === null ? 'off' : duration(setting.default, '')
  if (setting.default === undefined) return undefined
  const value = defaultIn<string | number | boolean | readonly string[]>(mode, setting.default)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'object' ? value.join(',') || undefined : String(value)
}

/** How a default differs in development, as a sentence; empty where it does not. */
export function developmentOf(setting: Setting): string {
  const [other, usual] = [defaultOf(setting, 'development'), defaultOf(setting, 'production')]
  if (other === usual || other === undefined) return ''
  return defaultOf(setting, 'test') === other ? `${other} outside production` : `${other} in development`
}

/** Whole days as days, anything else in seconds. */
function duration(seconds: number, unit = ' s'): string {
  return seconds % day === 0 ? `${seconds / day}d` : `${seconds}${unit}`
}

function inDigits(value: number): string {
  return value.toLocaleString('en')
}
