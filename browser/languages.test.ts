// Languages and directions.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, newEmail, newVisitor, projectDirectory, startService, test } from './support.js'

const { origin, stop } = await startService()
afterAll(stop)

test('every language of the messages is that of the page, in its direction, and fits 320 pixels', async () => {
  const files = await readdir(join(projectDirectory, 'src/messaging/templates/locales'))
  const languages = files.map((name) => name.replace('.json', ''))
  assert.equal(languages.length, 21)
  const visitor = await newVisitor(origin, { width: 320 })
  const headings = new Set<string>()
  for (const language of languages) {
    await visitor.open({ language, name: 'Acme' })
    await visitor.find('#identifier')
    const card = await visitor.find('.card')
    const shown = await card.evaluate((each) => {
      const { lang, dir } = each as HTMLElement
      return {
        lang,
        dir,
        heading: each.querySelector('h1')?.textContent ?? '',
        wide: document.documentElement.scrollWidth,
      }
    })
    const dir = ['ar', 'ur'].includes(language) ? 'rtl' : 'ltr'
    assert.deepEqual({ ...shown, heading: '' }, { lang: language, dir, heading: '', wide: 320 })
    headings.add(shown.heading)
  }
  assert.ok(headings.size >= 20, [...headings].join(', '))
  await visitor.leave()
})

test('the browser’s language where the page says none, errors and times in it', async () => {
  const visitor = await newVisitor(origin, { language: 'hi-IN' })
  await visitor.page.goto(`${origin}/element?bare`)
  await visitor.see('साइन इन करें')
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', newEmail())
  await visitor.click('.primary')
  const code = await visitor.lastCode()
  await visitor.see(/\d+ सेकंड में फिर से भेजें/)
  await visitor.type('#code', code === '111111' ? '222222' : '111111')
  await visitor.see('यह कोड गलत है। 4 प्रयास बाकी हैं।')
  await visitor.leave()
})

test('another language in the middle of it changes the words alone', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open()
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', newEmail())
  await visitor.click('.primary')
  await visitor.see('Enter the code')
  await visitor.page.evaluate(() => document.querySelector('latchkey-sign-in')?.setAttribute('lang', 'de'))
  await visitor.see('Code eingeben')
  await visitor.type('#code', await visitor.lastCode())
  await visitor.see('Ihr Konto')
  await visitor.leave()
})

test('a colour of a brand is made readable, and reaches the button', async () => {
  const visitor = await newVisitor(origin)
  await visitor.open({ color: '#ffd000' })
  const background = await (await visitor.find('.primary')).evaluate((each) => getComputedStyle(each).backgroundColor)
  assert.notEqual(background, 'rgb(11, 93, 81)')
  const [red = 0, green = 0, blue = 0] = background.match(/\d+/g)?.map(Number) ?? []
  assert.ok(red > blue && green > blue, background)
  await visitor.leave()
})

test('the theme is the person’s, unless the page says another', async () => {
  const visitor = await newVisitor(origin, { theme: 'light' })
  await visitor.open()
  const card = await visitor.find('.card[data-step]')
  const background = () => card.evaluate((each) => getComputedStyle(each).backgroundColor)
  const light = await background()
  const choose = (theme: string) =>
    visitor.page.evaluate((name) => document.querySelector('latchkey-sign-in')?.setAttribute('theme', name), theme)
  await choose('dark')
  assert.notEqual(await background(), light)
  await choose('light')
  await visitor.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  assert.equal(await background(), light)
  await visitor.leave()
})
