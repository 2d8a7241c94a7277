// Pictures of the element and the console for the documents: `node --import tsx browser/screenshots.ts [FOLDER [ONLY]]`.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { takeConsolePictures } from './console-pictures.js'
import { newEmail, newVisitor, projectDirectory, startService, stopAll, type Visitor } from './support.js'

const folder = process.argv[2] ?? join(projectDirectory, 'docs', 'screenshots')
if (folder.startsWith('-')) throw new Error('screenshots.ts [FOLDER] [ONLY]')
await mkdir(folder, { recursive: true })
const only = process.argv[3]
const service = await startService({ SMS_COUNTRIES: 'IN,US,GB,DE,BR,JP,AE', OTP_RESEND_COOLDOWN: '30' })
const sizes = { 320: 640, 1280: 860 } as const

type Language = 'en' | 'hi' | 'ar'
const names: Record<Language, string> = { en: 'Asha Rao', hi: 'आशा राव', ar: 'ليلى حداد' }
const edit: Record<Language, string> = { en: 'Edit: Full name', hi: 'बदलाव करें: पूरा नाम', ar: 'تعديل: الاسم الكامل' }

async function shoot(visitor: Visitor, name: string): Promise<void> {
  await visitor.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

for (const width of [320, 1280] as const) {
  for (const theme of ['light', 'dark'] as const) {
    for (const language of ['en', 'hi', 'ar'] as const) {
      const name = (step: string) => `${step}-${language}-${width}-${theme}`
      if (only && !name('').includes(only)) continue
      const visitor = await newVisitor(service.origin, { width, height: sizes[width], theme, language })
      await visitor.open({ name: 'Acme', country: 'IN', language })
      await visitor.find('#identifier')
      await shoot(visitor, name('identify'))
      await visitor.click('.switch label:last-child')
      await visitor.type('#identifier', newEmail())
      await visitor.click('.primary')
      const code = await visitor.lastCode()
      await visitor.type('#code', code.slice(0, 4))
      await shoot(visitor, name('code'))
      if (language === 'en' || width === 320) {
        await visitor.type('#code', code)
        await visitor.clickText(edit[language])
        await visitor.type('#name', names[language])
        await visitor.click('.editor .primary')
        await visitor.page.waitForFunction(
          (name) =>
            document.querySelector('latchkey-sign-in')?.shadowRoot?.querySelector('.row')?.textContent?.includes(name),
          {},
          names[language],
        )
        await (await visitor.find('#profile-title')).evaluate((each) => (each as HTMLElement).blur())
        await shoot(visitor, name('account'))
      }
      await visitor.leave()
    }
  }
}
await service.stop()
await takeConsolePictures(folder, only)
await stopAll()
process.exit()
