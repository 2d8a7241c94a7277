// The console's words beside those of the element, and times and sums as its language writes them.
import { type Text as ElementText, loadText as loadElementText } from '../../element/src/text.js'
import { words as english, type Words } from './locales/en.js'

/** The languages of the element, one file each. */
const loaders: Record<string, () => Promise<{ words: Words }>> = {
  ar: () => import('./locales/ar.js'),
  bn: () => import('./locales/bn.js'),
  de: () => import('./locales/de.js'),
  es: () => import('./locales/es.js'),
  fr: () => import('./locales/fr.js'),
  gu: () => import('./locales/gu.js'),
  hi: () => import('./locales/hi.js'),
  id: () => import('./locales/id.js'),
  ja: () => import('./locales/ja.js'),
  kn: () => import('./locales/kn.js'),
  ml: () => import('./locales/ml.js'),
  mr: () => import('./locales/mr.js'),
  pa: () => import('./locales/pa.js'),
  pt: () => import('./locales/pt.js'),
  ru: () => import('./locales/ru.js'),
  ta: () => import('./locales/ta.js'),
  te: () => import('./locales/te.js'),
  ur: () => import('./locales/ur.js'),
  zh: () => import('./locales/zh.js'),
  'zh-Hant': () => import('./locales/zh-Hant.js'),
}

export type Text = ReturnType<typeof textOf>

/** Where the words of either cannot be loaded, all of it is English: half and half would be read by nobody. */
export async function loadText(language: string): Promise<Text> {
  const own = await loaders[language]?.().catch(() => undefined)
  const text = await loadElementText(own ? language : 'en')
  return textOf(text, text.language === language ? (own?.words ?? english) : english)
}

export function textOf(text: ElementText, own: Words) {
  const { language } = text
  const short = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const full = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' })
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium' })
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 })
  return {
    ...text,
    own,
    short: (time: string) => short.format(Date.parse(time)),
    day: (time: string) => day.format(Date.parse(time)),
    full: (time: string) => full.format(Date.parse(time)),
    clock: (time: number) => clock.format(time),
    share: (part: number) => share.format(part),
    money: (amount: number, currency: string) =>
      new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount),
    length: (count: number, unit: 'hour' | 'day') =>
      new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count),
  }
}
