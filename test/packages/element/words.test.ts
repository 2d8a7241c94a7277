// The words of the element: the languages of the messages, all of them with the same words, and what is put into them.
import { readdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { words as english, type Forms, type Words } from '../../../packages/element/src/locales/en.js'
import { lineOf, problemOf } from '../../../packages/element/src/problems.js'
import { languageOf, languages, loadText, textOf } from '../../../packages/element/src/text.js'

const folder = new URL('../../../packages/element/src/locales/', pathToFileURL(import.meta.filename))
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()
const isForms = (each: string | Forms): each is Forms => typeof each !== 'string'
const en = textOf('en', english)

t.test('the languages are those of the messages, one file each', async (t) => {
  const ofMessages = (await readdir('src/messaging/templates/locales')).map((name) => name.replace('.json', ''))
  t.strictSame([...languages].sort(), ofMessages.sort())
  const files = (await readdir('packages/element/src/locales')).map((name) => name.replace('.ts', ''))
  t.strictSame(files.sort(), ofMessages)
})

for (const language of languages) {
  t.test(`${language} has the words of English, with the same in braces`, async (t) => {
    const { words } = (await import(new URL(`${language}.js`, folder).href)) as { words: Words }
    t.strictSame(Object.keys(words), Object.keys(english))
    for (const [key, value] of Object.entries(words)) {
      const original = english[key as keyof Words]
      if (isForms(value)) {
        t.notOk(typeof original === 'string', key)
        const needed = new Set([...Array(11).keys()].map((count) => new Intl.PluralRules(language).select(count)))
        for (const form of needed) t.ok(value[form], `${key} of ${form}`)
        continue
      }
      t.strictSame(placeholders(value), placeholders(String(original)), key)
      t.ok(value.trim() === value && value !== '', key)
    }
    const untranslated = Object.keys(words).filter((key) => words[key as keyof Words] === english[key as keyof Words])
    if (language !== 'en') t.ok(untranslated.length <= 4, untranslated.join(', '))
  })
}

t.test('the language that is wanted, as browsers and systems write it', async (t) => {
  t.equal(languageOf(['hi-IN']), 'hi')
  t.equal(languageOf([null, '', 'pt_BR.UTF-8']), 'pt')
  t.equal(languageOf(['xx', 'ta']), 'ta')
  t.equal(languageOf(['zh-TW']), 'zh-Hant')
  t.equal(languageOf(['zh-Hant-HK']), 'zh-Hant')
  t.equal(languageOf(['zh-CN']), 'zh')
  t.equal(languageOf([undefined, 'xx']), 'en')
})

t.test('directions, numbers and times of a language', async (t) => {
  t.match(await loadText('ar'), { language: 'ar', direction: 'rtl' })
  t.match(await loadText('hi'), { language: 'hi', direction: 'ltr' })
  t.match(await loadText('nothing'), { language: 'en' })
  t.equal(en.duration(30), '30 seconds')
  t.equal(en.duration(1), '1 second')
  t.equal(en.duration(91), '2 minutes')
  t.equal(en.duration(259_200), '72 hours')
  t.equal((await loadText('de')).duration(90), '90 Sekunden')
  const now = Date.parse('2026-11-27T12:00:00Z')
  const before = (seconds: number) => en.ago(new Date(now - seconds * 1_000).toISOString(), now)
  t.strictSame([-5, 59, 60, 7_200, 100_000].map(before), ['now', 'now', '1 minute ago', '2 hours ago', 'yesterday'])
  t.equal((await loadText('ar')).plural(2, (await loadText('ar')).words.attempts_left), 'بقيت محاولتان.')
  t.equal(en.plural(1, english.attempts_left), '1 attempt left.')
  t.equal(en.plural(0, { other: '{count}' }), '0')
  t.equal(en.format('{a} {b}', { a: '1' }), '1 {b}')
  t.equal(en.countryName('IN'), 'India')
  t.equal(en.number(6), '6')
  t.equal(en.isolated('x'), '\u2068x\u2069')
})

t.test('what goes wrong is told in words of its own', async (t) => {
  const line = (error: unknown) => lineOf(problemOf(error), en)
  t.equal(line({ code: 'rate_limited', retryAfter: 27 }), 'That was too often. Try again in 27 seconds.')
  t.equal(line({ code: 'rate_limited' }), english.error_busy)
  t.equal(line({ code: 'something_new' }), english.error_unknown)
  t.equal(line(new Error('a fault of ours')), english.error_unknown)
  t.equal(line(undefined), english.error_unknown)
  t.equal(line({ code: 'toString' }), english.error_unknown)
  const invalid = (pointer: string) => line({ code: 'validation_failed', fields: [{ pointer }] })
  t.equal(invalid('/email'), english.error_email)
  t.equal(invalid('/mobile_number'), english.error_phone)
  t.equal(invalid('/otp'), english.error_otp_invalid)
  t.equal(problemOf({ code: 'validation_failed', fields: [{ pointer: '/otp' }] }).kind, 'code_malformed', 'no guess')
  t.equal(line({ code: 'signup_refused' }), 'You cannot create an account here.')
  t.equal(invalid('/city'), english.error_field)
  t.match(problemOf({ code: 'validation_failed', fields: [{ pointer: '/city' }] }), { fields: ['city'] })
  t.equal(lineOf({ kind: 'otp_invalid', attempts: 1 }, en), 'That code is wrong. 1 attempt left.')
})
