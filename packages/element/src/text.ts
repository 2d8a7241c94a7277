// Languages: which one is meant, its words, and how it writes numbers, times and the names of countries.
import { words as english, type Forms, type Words } from './locales/en.js'

/** The languages there are, but for English, which is always there: one file each, loaded when it is wanted. */
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

export const languages: readonly string[] = ['en', ...Object.keys(loaders)]
const rightToLeft = /^(ar|he|ur|fa)\b/

/** The first of the wanted languages (BCP 47, also `hi_IN`) that there is; English where there is none. */
export function languageOf(wanted: readonly (string | null | undefined)[]): string {
  for (const tag of wanted) {
    const [language = '', ...rest] = (tag ?? '').toLowerCase().split(/[-_.]/)
    if (language === 'zh' && rest.some((part) => ['hant', 'tw', 'hk', 'mo'].includes(part))) return 'zh-Hant'
    if (languages.includes(language)) return language
  }
  return 'en'
}

/** Puts values into braces. */
export function format(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
}

export type Text = Awaited<ReturnType<typeof loadText>>

/** All that is needed to speak a language. Where its words cannot be loaded, it is English. */
export async function loadText(wanted: string) {
  const loaded = await loaders[wanted]?.().catch(() => undefined)
  return textOf(loaded ? wanted : 'en', loaded?.words ?? english)
}

export function textOf(language: string, words: Words) {
  const plurals = new Intl.PluralRules(language)
  const numbers = new Intl.NumberFormat(language)
  const names = new Intl.DisplayNames(language, { type: 'region' })

  /** Seconds as people say them: up to 90 as seconds, up to 90 minutes as minutes, longer as hours, never too few. */
  function duration(seconds: number): string {
    const [size, unit] = seconds <= 90 ? [1, 'second'] : seconds <= 5_400 ? [60, 'minute'] : [3_600, 'hour']
    const style = { style: 'unit', unit, unitDisplay: 'long' } as const
    return new Intl.NumberFormat(language, style).format(Math.ceil(seconds / Number(size)))
  }

  /** How long ago a time is: "5 minutes ago", "yesterday". */
  function ago(time: string, now = Date.now()): string {
    const seconds = Math.max(0, (now - Date.parse(time)) / 1_000)
    const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
    if (seconds < 60) return relative.format(0, 'second')
    if (seconds < 3_600) return relative.format(-Math.floor(seconds / 60), 'minute')
    if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3_600), 'hour')
    return relative.format(-Math.floor(seconds / 86_400), 'day')
  }

  return {
    language,
    direction: rightToLeft.test(language) ? 'rtl' : 'ltr',
    words,
    format,
    duration,
    ago,
    plural: (count: number, forms: Forms) =>
      format(forms[plurals.select(count)] ?? forms.other, { count: numbers.format(count) }),
    number: (value: number) => numbers.format(value),
    countryName: (country: string) => names.of(country) ?? country,
    /** So that an order of numbers and addresses stays left to right within a sentence of another direction (Unicode, FSI and PDI). */
    isolated: (value: string) => `\u2068${value}\u2069`,
  } as const
}
