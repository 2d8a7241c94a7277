// The words: complete and short enough in every language, in the right one, and checked where they are the operator's.

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseMessagesSettings } from '../../src/config/config.js'
import { durationIn } from '../../src/messaging/templates/duration.js'
import { createLanguageFinder } from '../../src/messaging/templates/languages.js'
import { Messages } from '../../src/messaging/templates/messages.js'
import { smsSize } from '../../src/messaging/templates/sms-text.js'
import { fill, readTemplates } from '../../src/messaging/templates/template.js'
import { problemsThrownBy } from '../support/problems.js'

const asked = [
  'en',
  'hi',
  'bn',
  'ta',
  'te',
  'mr',
  'gu',
  'kn',
  'ml',
  'pa',
  'ur',
  'ar',
  'es',
  'fr',
  'de',
  'pt',
  'id',
  'zh',
]
const expected = [...asked, 'zh-Hant', 'ja', 'ru']
const domain = 'login.latchkey.co.in'
const hash = 'FA+9qCX9VSu'

function messagesWith(environment: Record<string, string> = {}) {
  const { messages, codes } = parseMessagesSettings(environment)
  const made = new Messages(messages, codes)
  return {
    locales: made.locales,
    costly: made.costly,
    localeOf: made.localeOf.bind(made),
    sms: made.sms.bind(made),
    email: made.email.bind(made),
    changeNotification: made.changeNotification.bind(made),
    signInNotification: made.signInNotification.bind(made),
  }
}

const partsIn = (language: string, more = {}) => ({ code: '123456', expiresIn: 300, languages: [language], ...more })

const problemsWith = (environment: Record<string, string>) => problemsThrownBy(() => messagesWith(environment))

t.test('every language has all the words, the code first', async (t) => {
  const { locales, sms, email } = messagesWith()
  t.strictSame([...locales].sort(), [...expected].sort())
  for (const locale of locales) {
    const message = sms(partsIn(locale))
    t.equal(message.locale, locale)
    t.match(message.text, /^123456 /, `${locale}: ${message.text}`)
    t.match(message.text, /Latchkey.*5/, `${locale} names the app and how long`)
    const mail = email(partsIn(locale))
    t.match(mail, { locale, subject: /^123456 .*Latchkey/, text: /Latchkey.* 123456\n\n.*5.*\n.+\n\n.+\n$/ })
    t.notMatch(mail.text + mail.html + message.text, /undefined|\{(?:code|app|duration|shortDuration)\}/)
  }
  t.equal(sms(partsIn('en')).text, '123456 is your Latchkey code, valid for 5 min. Never share it.')
})

t.test('every template of every language names code and app, and the code comes first', async (t) => {
  for (const [locale, { sms, direction }] of readTemplates(undefined).byLocale) {
    for (const sentence of sms) t.match(sentence, /^\{code\} .*\{app\}/, `${locale}: ${sentence}`)
    if (direction === 'ltr') continue
    // The first letter decides the direction of a line where nobody marks it.
    for (const sentence of sms)
      t.match(sentence.replace(/\{app\}.*/, ''), /\p{Script=Arabic}/u, `${locale} is right to left`)
  }
})

t.test('an SMS is one segment in every language', async (t) => {
  const longest = { OTP_TTL: '600', APP_NAME: 'twelve chars' }
  const whole = messagesWith(longest)
  t.strictSame(whole.costly, [])
  const full = readTemplates(undefined).byLocale
  for (const locale of whole.locales) {
    const { text } = whole.sms(partsIn(locale, { expiresIn: 600 }))
    t.equal(smsSize(text).segments, 1, `${locale}: ${JSON.stringify(smsSize(text))}`)
    t.match(text, /10/, `${locale} has room to say how long`)
    t.ok((full.get(locale)?.sms.length ?? 0) >= 3, `${locale} has shorter templates`)
  }
  for (const [name, settings] of Object.entries({
    'a last line for browsers and the app': { APP_NAME: 'elevenchars', WEBOTP_DOMAIN: domain, ANDROID_APP_HASH: hash },
    'a code of 10 digits': { OTP_LENGTH: '10' },
    'a code of 10 digits and a last line': { OTP_LENGTH: '10', WEBOTP_DOMAIN: domain },
    'the longest name': { APP_NAME: 'n'.repeat(30), OTP_LENGTH: '10', ANDROID_APP_HASH: hash },
    'a name outside of GSM-7': { APP_NAME: 'கிராமவங்கி' },
  })) {
    t.strictSame(messagesWith({ ...longest, ...settings }).costly, [], name)
  }
})

t.test('what fits in one segment is what docs/messages.md says', async (t) => {
  const { byLocale } = readTemplates(undefined)
  const withDomain = (name: string, both: number) => ({
    APP_NAME: name,
    WEBOTP_DOMAIN: `${'d'.repeat(both - name.length - 3)}.in`,
  })
  const withHash = { ANDROID_APP_HASH: hash }
  /** Which of so many templates may be the one that is sent. */
  type Rule = (index: number, templates: number) => boolean
  const allWords: Rule = (index) => index === 0
  const warning: Rule = (index, templates) => index < templates - 1
  const codeAndName: Rule = () => true
  const cells: [string, Record<string, string>, Rule][] = [
    ['all words', { APP_NAME: 'n'.repeat(12) }, allWords],
    ['warning', { APP_NAME: 'n'.repeat(30) }, warning],
    ['warning, domain', withDomain('Latchkey', 27), warning],
    ['warning, hash', { APP_NAME: 'n'.repeat(25), ...withHash }, warning],
    ['warning, both', { ...withDomain('Latch', 15), ...withHash }, warning],
    ['code and name, domain', withDomain('Latchkey', 43), codeAndName],
    ['code and name, hash', { APP_NAME: 'n'.repeat(30), ...withHash }, codeAndName],
    ['code and name, both', { ...withDomain('elevenchars', 31), ...withHash }, codeAndName],
  ]
  for (const [cell, settings, isKept] of cells) {
    const { costly, locales, sms } = messagesWith(settings)
    t.strictSame(costly, [], cell)
    for (const locale of locales) {
      const [words] = sms(partsIn(locale, { expiresIn: 600 })).text.split('\n')
      const templates = byLocale.get(locale)?.sms ?? []
      const duration = durationIn(locale, 600, 'long')
      const values = {
        code: '123456',
        app: String(settings['APP_NAME']),
        duration,
        shortDuration: durationIn(locale, 600, 'short'),
      }
      const index = templates.findIndex((sentence) => fill(sentence, values) === words)
      t.not(index, -1, `${locale}: ${words}`)
      // Their second template has all the words too, in the letters of GSM-7.
      const isFull = (locale === 'es' || locale === 'pt') && index === 1
      t.ok(isFull || isKept(index, templates.length), `${cell}: ${locale}: ${words}`)
    }
  }
})

t.test('what does not fit is known before it is sent', async (t) => {
  const { costly, sms } = messagesWith({ APP_NAME: 'n'.repeat(30), WEBOTP_DOMAIN: domain })
  t.ok(costly.includes('ta') && costly.includes('ur') && !costly.includes('en') && !costly.includes('fr'))
  t.match(sms(partsIn('ta')).text, /^123456 n{30} \S+\n@/, 'the shortest template')
  t.equal(smsSize(sms(partsIn('ta')).text).segments, 2)
})

t.test('the last line is for browsers, the end of it for an Android app', async (t) => {
  const lastLine = (settings: Record<string, string>, language = 'en') =>
    messagesWith(settings).sms(partsIn(language)).text.split('\n').slice(1)
  t.strictSame(lastLine({}), [])
  t.strictSame(lastLine({ WEBOTP_DOMAIN: domain }), [`@${domain} #123456`])
  t.strictSame(lastLine({ ANDROID_APP_HASH: hash }), [hash])
  for (const language of ['en', 'ar', 'ur', 'ta']) {
    const line = lastLine({ WEBOTP_DOMAIN: domain, ANDROID_APP_HASH: hash }, language)
    t.strictSame(line, [`@${domain} #123456 ${hash}`], `${language}: plain ASCII, no marks of direction`)
  }
  const { text } = messagesWith({ WEBOTP_DOMAIN: domain, ANDROID_APP_HASH: hash }).email(partsIn('en'))
  t.notMatch(text, domain, 'mail has no such line')
})

t.test('how long a code is valid is told truthfully, in the plural of the language', async (t) => {
  const cases: [string, number, string][] = [
    ['en', 30, '30 seconds'],
    ['en', 60, '1 minute'],
    ['en', 90, '90 seconds'],
    ['en', 119, '119 seconds'],
    ['en', 120, '2 minutes'],
    ['en', 179, '2 minutes'],
    ['en', 600, '10 minutes'],
    ['ru', 60, '1 минута'],
    ['ru', 120, '2 минуты'],
    ['ru', 300, '5 минут'],
    ['ar', 120, 'دقيقتان'],
    ['ar', 300, '5 دقائق'],
    ['mr', 300, '5 मिनिटे'],
    ['tlh', 300, '5 minutes'],
  ]
  for (const [locale, seconds, words] of cases) t.equal(durationIn(locale, seconds, 'long'), words)
  t.equal(durationIn('fr', 300, 'short'), '5 min', 'with a space that GSM-7 has')
  t.match(messagesWith({ OTP_TTL: '30' }).sms(partsIn('en', { expiresIn: 30 })).text, /valid for 30 sec\./)
})

t.test('a language is found by its tag, by what is left of it, and never in another script', async (t) => {
  const findLanguage = createLanguageFinder(['en', 'hi', 'pa', 'pt', 'zh', 'zh-Hant', 'es', 'es-419', 'id'])
  const cases: [string[], string | undefined][] = [
    [['hi-IN'], 'hi'],
    [['hi-Deva-IN-u-nu-deva'], 'hi'],
    [['hi-Latn'], undefined],
    [['kok-IN', 'hi-IN', 'en'], 'hi'],
    [['zh-TW'], 'zh-Hant'],
    [['zh-HK'], 'zh-Hant'],
    [['zh-Hant-MO'], 'zh-Hant'],
    [['zh-CN'], 'zh'],
    [['zh-SG', 'en'], 'zh'],
    [['pa-PK', 'en'], 'en'],
    [['pa-IN'], 'pa'],
    [['es-419'], 'es-419'],
    [['es-MX'], 'es'],
    [['pt-PT'], 'pt'],
    [['in-ID'], 'id'],
    [['sw'], undefined],
    [[], undefined],
  ]
  for (const [languages, found] of cases) t.equal(findLanguage(languages), found, languages.join(', '))
  t.equal(createLanguageFinder(['en-US', 'en'])(['en']), 'en', 'the tag itself comes first')
  t.equal(createLanguageFinder(['en-US'])(['en']), 'en-US', 'a language means its usual region')
})

t.test('who asks for none of ours gets the default', async (t) => {
  const { sms, localeOf } = messagesWith({ DEFAULT_LOCALE: 'hi-IN' })
  t.equal(sms(partsIn('sw')).locale, 'hi')
  t.equal(sms(partsIn('sw', { languages: [] })).locale, 'hi')
  t.equal(sms(partsIn('sw', { languages: ['sw', 'ja', 'en'] })).locale, 'ja')
  t.strictSame([localeOf(['sw']), localeOf(['sw', 'pt-PT'])], [null, 'pt'])
  t.match(problemsWith({ DEFAULT_LOCALE: 'sw' }), [
    /^DEFAULT_LOCALE must be one of the languages of messages: ar, bn, de/,
  ])
})

function folder(t: Test, files: Record<string, unknown>): string {
  const texts = Object.entries(files).map(([name, content]) => [
    name,
    typeof content === 'string' ? content : JSON.stringify(content),
  ])
  return t.testdir(Object.fromEntries(texts))
}

const swahili = {
  direction: 'ltr',
  changed: ['{app}: njia zako za kuingia zimebadilishwa.'],
  signedIn: ['{app}: umeingia kwenye kifaa kipya.'],
  leaving: ['{app}: nambari au barua pepe yako nyingine itaondolewa baada ya saa 72.'],
  sms: ['{code} ni msimbo wako wa {app}. Usimpe mtu yeyote.'],
  subject: '{code} ni msimbo wako wa {app}',
  heading: 'Msimbo wako wa {app}:',
  validity: 'Unatumika kwa {duration}.',
  warning: 'Usimpe mtu yeyote.',
  unasked: 'Ikiwa hukuuomba, puuza barua pepe hii.',
}

t.test('a notice is one segment in every language, and carries no code and no link', async (t) => {
  const { changeNotification, signInNotification, locales } = messagesWith()
  const longest = messagesWith({ APP_NAME: 'n'.repeat(30) })
  const notices = [...locales].flatMap((locale) =>
    (['changeNotification', 'signInNotification'] as const).map((kind) => [locale, kind] as const),
  )
  for (const [locale, kind] of notices) {
    const { sms, subject, text, html, locale: written } = { changeNotification, signInNotification }[kind]([locale])
    t.equal(written, locale)
    t.equal(text, `${sms}\n`, `${locale} has room for all the words`)
    for (const words of [sms, subject, html]) t.match(words, 'Latchkey', locale)
    t.notMatch(sms + subject, /https?:|undefined|[{}]|\d/, locale)
    t.match(html, `lang="${locale}"`)
    t.notMatch(html, /class="code" dir|href|undefined/)
    t.equal(smsSize(longest[kind]([locale]).sms).segments, 1, locale)
    const beforeName = sms.replace(/Latchkey.*/, '')
    if (html.includes('dir="rtl"')) t.match(beforeName, /\p{Script=Arabic}/u, `${locale} is right to left`)
  }
  t.equal(changeNotification(['xx']).locale, 'en')
  t.match(messagesWith({ APP_NAME: 'A&B <x>' }).changeNotification(['en']).html, '<bdi>A&amp;B &lt;x&gt;</bdi>: your')
  t.match(signInNotification(['en']).subject, 'Latchkey: sign-in on a new device.')
})

t.test('what a code is for is said in every language, in one segment', async (t) => {
  const longest = { OTP_TTL: '600', APP_NAME: 'twelve chars' }
  const { locales, sms, email } = messagesWith(longest)
  const crowded = messagesWith({ ...longest, APP_NAME: 'n'.repeat(30), WEBOTP_DOMAIN: domain })
  for (const locale of locales) {
    const texts = new Set<string>()
    for (const purpose of ['sign_in', 'step_up', 'change_identifier'] as const) {
      const parts = partsIn(locale, { purpose, expiresIn: 600 })
      const { text } = sms(parts)
      t.match(text, /^123456 .*twelve chars/, `${locale}: ${text}`)
      t.equal(smsSize(text).segments, 1, `${locale}: ${text}`)
      const mail = email(parts)
      t.match(mail, { subject: /^123456 .*twelve chars/, text: /^.*twelve chars.* 123456\n\n/ })
      for (const words of [text, mail.subject, mail.text, mail.html]) texts.add(words)
      const short = crowded.sms(parts).text
      t.match(short.split('\n').at(-1), `@${domain} #123456`)
      if (!crowded.costly.includes(locale)) t.equal(smsSize(short).segments, 1, `${locale}: ${short}`)
    }
    t.equal(texts.size, 12, `${locale}: all of them differ`)
  }
  t.equal(
    sms(partsIn('en', { purpose: 'step_up' })).text,
    '123456 is your twelve chars code to confirm it is you, valid for 5 min. Never share it.',
  )
})

t.test('whose own words say nothing of a purpose have them sent for each', async (t) => {
  const purpose = 'step_up'
  const own = { 'sw.json': swahili, 'en.json': { sms: ['{code}: your {app} code.'] }, 'hi.json': { unasked: 'x' } }
  const { sms } = messagesWith({ MESSAGES_DIR: folder(t, own) })
  t.match(sms(partsIn('sw', { purpose })).text, /^123456 ni msimbo wako/)
  t.equal(sms(partsIn('en', { purpose })).text, '123456: your Latchkey code.', 'a registered text')
  t.match(sms(partsIn('hi', { purpose })).text, /पुष्टि/)
  const words = { sms: ['{code} to step up at {app}'], subject: '{code}', heading: 'h' }
  const stepping = messagesWith({ MESSAGES_DIR: folder(t, { 'en.json': { ...own['en.json'], step_up: words } }) })
  t.equal(stepping.sms(partsIn('en', { purpose })).text, '123456 to step up at Latchkey')
  for (const [step_up, problem] of [
    ['x', /^MESSAGES_DIR en\.json: step_up\.sms: must be a list/],
    [{ ...words, sms: ['{app}'] }, /^MESSAGES_DIR en\.json: step_up\.sms\[0\]: must contain \{code\}$/],
    [{ ...words, warning: 'x' }, /^MESSAGES_DIR en\.json: step_up\.warning: is no key of messages$/],
  ] as const) {
    t.match(problemsWith({ MESSAGES_DIR: folder(t, { 'en.json': { step_up } }) }), [problem])
  }
})

t.test('an operator adds a language and replaces words of another', async (t) => {
  const directory = folder(t, {
    'sw.json': swahili,
    'en.json': { sms: ['{code}: your {app} code.'] },
    'README.md': 'no messages',
    '.hidden.json': 'no messages',
  })
  const { sms, email, locales } = messagesWith({ MESSAGES_DIR: directory, DEFAULT_LOCALE: 'sw' })
  t.equal(locales.size, expected.length + 1)
  t.match(sms(partsIn('xx')), { locale: 'sw', text: '123456 ni msimbo wako wa Latchkey. Usimpe mtu yeyote.' })
  t.equal(sms(partsIn('en')).text, '123456: your Latchkey code.')
  t.match(email(partsIn('en')).subject, '123456 is your Latchkey code', 'the other words stay')
})

t.test('words that cannot be sent stop the start, by file and key', async (t) => {
  const cases: [string, unknown, RegExp][] = [
    ['sw.json', '{ not json', /^MESSAGES_DIR sw\.json: must be a JSON object/],
    ['sw.json', '[]', /^MESSAGES_DIR sw\.json: must be a JSON object/],
    ['sw.json', { ...swahili, sms: 'text' }, /^MESSAGES_DIR sw\.json: sms: must be a list/],
    ['sw.json', { ...swahili, sms: [] }, /^MESSAGES_DIR sw\.json: sms: must be a list/],
    [
      'sw.json',
      { ...swahili, sms: ['{code} {app}', '{app}'] },
      /^MESSAGES_DIR sw\.json: sms\[1\]: must contain \{code\}$/,
    ],
    ['sw.json', { ...swahili, sms: [5] }, /^MESSAGES_DIR sw\.json: sms\[0\]: must be a sentence$/],
    ['sw.json', { ...swahili, subject: 'Karibu' }, /^MESSAGES_DIR sw\.json: subject: must contain \{code\}$/],
    [
      'sw.json',
      { ...swahili, heading: '{name}:' },
      /^MESSAGES_DIR sw\.json: heading: \{name\} is none of \{code\}, \{app\}/,
    ],
    ['sw.json', { ...swahili, heading: '{app' }, /^MESSAGES_DIR sw\.json: heading: has a brace without/],
    ['sw.json', { ...swahili, warning: 'a\nb' }, /^MESSAGES_DIR sw\.json: warning: must be one line/],
    ['sw.json', { ...swahili, warning: ' ' }, /^MESSAGES_DIR sw\.json: warning: must be a sentence$/],
    ['sw.json', { ...swahili, unasked: undefined }, /^MESSAGES_DIR sw\.json: unasked: must be a sentence$/],
    ['sw.json', { ...swahili, changed: undefined }, /^MESSAGES_DIR sw\.json: changed: must be a list/],
    ['sw.json', { ...swahili, changed: ['x'] }, /^MESSAGES_DIR sw\.json: changed\[0\]: must contain \{app\}$/],
    [
      'sw.json',
      { ...swahili, changed: ['{app} {code}'] },
      /^MESSAGES_DIR sw\.json: changed\[0\]: \{code\} is none of \{app\}$/,
    ],
    ['sw.json', { ...swahili, direction: 'up' }, /^MESSAGES_DIR sw\.json: direction: must be ltr or rtl$/],
    ['sw.json', { ...swahili, footer: 'x' }, /^MESSAGES_DIR sw\.json: footer: is no key of messages$/],
    ['sw.json', { ...swahili, sms: [`{code} ${'x'.repeat(160)}`] }, /^MESSAGES_DIR sw\.json: sms: none of these fits/],
    ['sw_KE.json', swahili, /^MESSAGES_DIR sw_KE\.json: must be named by a language tag/],
    ['iw.json', swahili, /^MESSAGES_DIR iw\.json: must be named by a language tag/],
    ['sw-x-mine.json', swahili, /^MESSAGES_DIR sw-x-mine\.json: must be named by a language tag/],
  ]
  for (const [file, content, problem] of cases) {
    t.match(problemsWith({ MESSAGES_DIR: folder(t, { [file]: content }) }), [problem], String(problem))
  }
  t.strictSame(problemsWith({ MESSAGES_DIR: join(t.testdirName, 'nowhere') }), [
    'MESSAGES_DIR must be a folder that can be read',
  ])
  const costly = { APP_NAME: 'n'.repeat(30), WEBOTP_DOMAIN: domain }
  const subjectAlone = folder(t, { 'ta.json': { subject: '{code}' } })
  t.strictSame(
    problemsWith({ ...costly, MESSAGES_DIR: subjectAlone }),
    [],
    'only what is the operator’s own is refused',
  )
})

t.test('a name is text, whatever it looks like', async (t) => {
  const { sms, email } = messagesWith({ APP_NAME: '<b>{code}&"$1\'' })
  t.match(sms(partsIn('en')).text, `is your <b>{code}&"$1' code`)
  const { html, subject } = email(partsIn('en'))
  t.match(subject, `is your <b>{code}&"$1' code`)
  t.match(html, '<bdi>&lt;b&gt;{code}&amp;&quot;$1&#39;</bdi>')
  t.notMatch(html, '<b>')
})
