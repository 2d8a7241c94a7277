// Pictures of what docs/screenshots does not show, for whoever changes styles: `node --import tsx browser/scenes.ts FOLDER [LANGUAGES] [THEMES] [WIDTHS]`.
// Nothing is found by its words, so that any language can be looked at: `… /tmp/scenes de,ta,ar dark 320`.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newEmail, newPhone, newVisitor, startService, stopAll, type Visitor } from './support.js'

const [folder, languages = 'en', themes = 'light', widths = '320'] = process.argv.slice(2)
if (!folder || folder.startsWith('-')) throw new Error('scenes.ts FOLDER [LANGUAGES] [THEMES] [WIDTHS]')
await mkdir(folder, { recursive: true })
const service = await startService({
  SMS_COUNTRIES: 'IN,US,GB,DE,BR,JP,AE,SA,PK,BD',
  OTP_RESEND_COOLDOWN: '1',
  CHALLENGE_WHEN: 'always',
})

type Scene = (visitor: Visitor, shoot: (step: string) => Promise<void>) => Promise<void>

/** Before a code: the list of countries, what is refused, and a challenge that takes its time. */
const beforeCode: Scene = async (visitor, shoot) => {
  await visitor.click('.prefix')
  await visitor.page.keyboard.press('ArrowDown')
  await shoot('countries')
  await visitor.page.keyboard.press('Escape')
  await visitor.type('#identifier', '12')
  await visitor.click('.primary')
  await visitor.find('[aria-invalid]')
  await shoot('refused')
  await visitor.click('.switch label:last-child')
  await visitor.page.setRequestInterception(true)
  // The worker's script does not come: the challenge is never solved.
  visitor.page.on('request', (request) => {
    if (!request.url().endsWith('worker.js')) void request.continue()
  })
  await visitor.type('#identifier', newEmail())
  await visitor.click('.primary')
  await visitor.find('.progress:not([hidden])')
  await shoot('challenge')
}

/** A wrong code, then the account page with an address and its dialog of deletion. */
const code: Scene = async (visitor, shoot) => {
  await visitor.click('.switch label:last-child')
  await visitor.type('#identifier', newEmail())
  await visitor.click('.primary')
  const right = await visitor.lastCode()
  await visitor.type('#code', right === '000000' ? '111111' : '000000')
  await visitor.find('[aria-invalid]')
  await visitor.find('.more .link:not([aria-disabled])')
  await shoot('wrong')
  await visitor.type('#code', right)
  await visitor.find('.section')
  await visitor.page.keyboard.press('Tab')
  await shoot('focus')
  await visitor.click('.danger .link')
  await visitor.find('.warning')
  await shoot('delete')
}

/** The mobile flow: the form of new people, what is missing in it, and the account it makes. */
const signup: Scene = async (visitor, shoot) => {
  await visitor.type('#identifier', newPhone())
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode())
  await visitor.find('#user_name')
  await shoot('signup')
  await visitor.click('.primary')
  await visitor.find('[aria-invalid]')
  await shoot('signup-missing')
  const form = { user_name: 'Asha Rao', house_number: '12B', street_locality: 'MG Road', pincode: '560001' }
  for (const [name, text] of Object.entries({ ...form, city: 'Bengaluru', state: 'Karnataka' }))
    await visitor.type(`#${name}`, text)
  await visitor.click('.primary')
  await visitor.find('.section')
  await shoot('account')
}

for (const language of languages.split(',')) {
  for (const theme of themes.split(',') as ('light' | 'dark')[]) {
    for (const width of widths.split(',').map(Number)) {
      const scenes: [Scene, object][] = [
        [beforeCode, {}],
        [code, {}],
        [signup, { flow: 'mobile' }],
      ]
      for (const [scene, config] of scenes) {
        const visitor = await newVisitor(service.origin, { width, height: 640, theme, language })
        await visitor.open({ name: 'Acme', country: 'IN', language, account: true, ...config })
        await visitor.find('#identifier')
        await scene(visitor, async (step) => {
          const path = join(folder, `${language}-${step}-${width}-${theme}.png`)
          await visitor.page.screenshot({ path, fullPage: true })
        }).catch((error: unknown) => process.stderr.write(`${language} ${scene.name}: ${error}\n`))
        await visitor.context.close()
      }
      const refusal = await newVisitor(service.origin, { width, height: 640, theme, language })
      await refusal.page.goto(`${service.origin}/sign-in?return_to=//elsewhere.example`)
      await refusal.page.screenshot({ path: join(folder, `${language}-refusal-${width}-${theme}.png`) })
      await refusal.context.close()
    }
  }
}
await service.stop()
await stopAll()
process.exit()
