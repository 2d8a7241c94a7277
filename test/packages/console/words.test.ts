// The words of the console: the languages of the element, all of them with the same words, and what is put into them.
import { readdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { Message } from '../../../packages/console/src/api.js'
import { words as english, type Words } from '../../../packages/console/src/locales/en.js'
import { meaningOfMessage, nameOfEvent } from '../../../packages/console/src/meaning.js'
import { loadText } from '../../../packages/console/src/text.js'
import { languages } from '../../../packages/element/src/text.js'

const folder = new URL('../../../packages/console/src/locales/', pathToFileURL(import.meta.filename))
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()

t.test('a file for each language of the element', async (t) => {
  const files = (await readdir('packages/console/src/locales')).map((name) => name.replace('.ts', ''))
  t.strictSame(files.sort(), [...languages].sort())
})

for (const language of languages) {
  t.test(`${language} has the words of English, with the same in braces`, async (t) => {
    const { words } = (await import(new URL(`${language}.js`, folder).href)) as { words: Words }
    t.strictSame(Object.keys(words), Object.keys(english))
    for (const [key, value] of Object.entries(words)) {
      t.strictSame(placeholders(value), placeholders(english[key as keyof Words]), key)
      t.ok(value.trim() === value && value !== '', key)
    }
    const same = Object.keys(words).filter((key) => words[key as keyof Words] === english[key as keyof Words])
    if (language !== 'en') t.ok(same.length <= 5, same.join(', '))
    t.equal((await loadText(language)).own, words, 'it is the one that is loaded')
  })
}

t.test('times, sums and shares as the language writes them; English where there is none', async (t) => {
  const time = '2026-11-27T12:00:00.000Z'
  const german = await loadText('de')
  t.match([german.day(time), german.share(0.5), german.length(7, 'day')], ['27.11.2026', /^50\s%$/, '7 Tage'])
  t.match(german.money(1234.5, 'INR'), /^1\.234,50\s₹$/)
  t.match([german.short(time), german.full(time), german.clock(Date.parse(time))], [/2026/, /Freitag/, /:00/])
  t.match(await loadText('xx'), { language: 'en', own: english })
})

t.test('events and messages in words, by raw names where there are none', async (t) => {
  const name = (event: string, detail: string | null = null) => nameOfEvent({ event, detail }, english)
  t.strictSame(
    [name('authn_login_success'), name('authn_token_created', 'otp sms'), name('authn_token_created', 'exchange: x')],
    ['Signed in', 'Code requested', 'Signed in to another app'],
  )
  t.strictSame([name('something_new'), name('toString')], [null, null])
  const base = { id: '1', happened_at: '', channel: 'sms', country: 'IN', driver: 'x', detail: null, receipts: [] }
  const meaning = (message: Partial<Message>) => meaningOfMessage({ ...base, outcome: 'accepted', ...message }, english)
  t.match(meaning({}), { name: english.m_sent, advice: null })
  t.match(meaning({ receipts: [{ status: 'delivered', detail: null }] }), { name: english.m_delivered, tone: 'good' })
  t.match(meaning({ receipts: [{ status: 'failed', detail: '30003' }] }), { advice: english.a_failed, tone: 'bad' })
  t.match(meaning({ outcome: 'refused', detail: 'twilio: 21610' }), { advice: english.a_stop })
  t.match(meaning({ outcome: 'uncertain' }), { name: english.m_unknown })
  const limits = { identifier: 'l_identifier', block: 'l_network', country: 'l_country', toString: 'l_other' } as const
  for (const [limit, key] of Object.entries(limits))
    t.match(meaning({ outcome: 'limited', detail: `send: ${limit}, step_up` }), { advice: english[key] }, limit)
  t.match(meaning({ outcome: 'limited', detail: 'verify: address' }), { advice: english.l_other })
})
