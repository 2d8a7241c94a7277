// axe finds nothing, in each step, in light and dark, in both directions.
import assert from 'node:assert/strict'
import { afterAll, axe, newEmail, newPhone, newVisitor, startService, test, type Visitor } from './support.js'

const { origin, stop } = await startService({ SMS_COUNTRIES: 'IN,US,GB,DE', OTP_RESEND_COOLDOWN: '1' })
afterAll(stop)

async function holds(visitor: Visitor, step: string): Promise<void> {
  assert.deepEqual(await axe(visitor), [], step)
}

for (const theme of ['light', 'dark'] as const) {
  for (const language of ['en', 'ar']) {
    test(`every step: ${theme}, ${language}`, async () => {
      const visitor = await newVisitor(origin, { theme, width: 360 })
      await visitor.open({ language, name: 'Acme', flow: 'identifier', country: 'IN' })
      await visitor.find('#identifier')
      await holds(visitor, 'identify')
      await visitor.click('button.prefix')
      await visitor.find('.panel li')
      await holds(visitor, 'countries')
      await visitor.page.keyboard.press('Escape')
      await visitor.type('#identifier', '12')
      await visitor.click('.primary')
      await visitor.find('#identifier[aria-invalid]')
      await holds(visitor, 'identify with an error')
      await visitor.open({ language, name: 'Acme', flow: 'mobile', country: 'IN' })
      await visitor.type('#identifier', newPhone())
      await visitor.click('.primary')
      await visitor.find('#code')
      await holds(visitor, 'code')
      const code = await visitor.lastCode()
      await visitor.type('#code', code === '111111' ? '222222' : '111111')
      await visitor.find('#code[aria-invalid]')
      await holds(visitor, 'wrong code')
      await visitor.type('#code', code)
      await visitor.find('#user_name')
      await visitor.click('.primary')
      await visitor.find('#user_name[aria-invalid]')
      await holds(visitor, 'signup')
      const form = {
        user_name: 'Asha',
        house_number: '1',
        street_locality: 'MG Road',
        pincode: '560001',
        city: 'B',
        state: 'K',
      }
      for (const [name, text] of Object.entries(form)) await visitor.type(`#${name}`, text)
      await visitor.click('.primary')
      await visitor.find('.section')
      await holds(visitor, 'account')
      for (const button of await visitor.page.$$('>>> .actions button:first-child')) await button.click()
      await holds(visitor, 'account, being edited')
      await visitor.open({ language, returnTo: '#done' })
      await visitor.find('.primary')
      await holds(visitor, 'already signed in')
      await visitor.click('.primary')
      await visitor.find('.seal')
      await holds(visitor, 'signed in')
      await visitor.leave()
    })
  }
}

test('what is pressed is at least 44 pixels high, on the smallest screen', async () => {
  const visitor = await newVisitor(origin, { width: 320 })
  await visitor.open({ name: 'Acme', country: 'IN' })
  await visitor.find('#identifier')
  const measure = () =>
    visitor.page.evaluate(() => {
      const root = document.querySelector('latchkey-sign-in')?.shadowRoot
      const all = [
        ...(root?.querySelectorAll<HTMLElement>('button, .switch label, input:not([type="radio"]), .panel li') ?? []),
      ]
      const seen = all.filter((each) => each.getClientRects().length > 0)
      return seen.filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.outerHTML)
    })
  assert.deepEqual(await measure(), [])
  await visitor.click('button.prefix')
  await visitor.find('.panel li')
  assert.deepEqual(await measure(), [])
  await visitor.page.keyboard.press('Escape')
  await visitor.type('#identifier', newPhone())
  await visitor.click('.primary')
  await visitor.find('#code')
  assert.deepEqual(await measure(), [])
  await visitor.type('#code', await visitor.lastCode())
  await visitor.find('.section')
  assert.deepEqual(await measure(), [])
  await visitor.leave()
})

test('on the smallest screen an email that breaks stands at its label’s side, actions beside it, and rings within the card', async () => {
  for (const [language, side] of [
    ['ar', 'right'],
    ['de', 'left'],
  ] as const) {
    const visitor = await newVisitor(origin, { width: 320, language })
    await visitor.open({ language, name: 'Acme', country: 'IN' })
    await visitor.find('#identifier')
    await visitor.type('#identifier', newEmail())
    await visitor.click('.primary')
    await visitor.type('#code', await visitor.lastCode())
    await visitor.find('.section')
    await visitor.page.keyboard.press('Tab')
    const seen = await visitor.page.evaluate((side) => {
      const root = document.querySelector('latchkey-sign-in')?.shadowRoot
      const email = [...(root?.querySelectorAll('.row bdi') ?? [])].find((each) => each.textContent?.includes('@'))
      const lines = document.createRange()
      if (email) lines.selectNodeContents(email)
      const sides = [...lines.getClientRects()].filter(({ width }) => width > 0).map((line) => Math.round(line[side]))
      const [main, actions] = [...(email?.closest('.row')?.children ?? [])].map((each) => each.getBoundingClientRect())
      const active = root?.activeElement as HTMLElement
      const { outlineOffset, outlineWidth, outlineStyle } = getComputedStyle(active)
      return {
        lines: sides.length,
        sides: new Set(sides).size,
        isBeside: Number(actions?.top) < Number(main?.bottom),
        ring: outlineStyle === 'none' ? null : Number.parseFloat(outlineOffset) + Number.parseFloat(outlineWidth),
      }
    }, side)
    assert.deepEqual(seen, { lines: 2, sides: 1, isBeside: true, ring: 0 }, language)
    await visitor.leave()
  }
})

test('who wants less motion gets none', async () => {
  const visitor = await newVisitor(origin, { reducedMotion: true })
  await visitor.open()
  const names = await (await visitor.find('.step')).evaluate((each) => getComputedStyle(each).animationName)
  assert.equal(names, 'none')
  await visitor.leave()
})
