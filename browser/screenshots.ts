// Pictures of the element for the documents: `node --import tsx browser/screenshots.ts [FOLDER]`.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newEmail, newVisitor, projectDirectory, startService, stopAll, type Visitor } from './support.js'

const folder = process.argv[2] ?? join(projectDirectory, 'docs', 'screenshots')
await mkdir(folder, { recursive: true })
const only = process.argv[3]
const service = await startService({ SMS_COUNTRIES: 'IN,US,GB,DE,BR,JP,AE', OTP_RESEND_COOLDOWN: '30' })
const sizes = { 320: 640, 1280: 860 } as const

async function shoot(visitor: Visitor, name: string): Promise<void> {
  await visitor.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

for (const width of [320, 1280] as const) {
  for (const theme of ['light', 'dark'] as const) {
    for (const language of ['en', 'hi', 'ar']) {
      const name = (step: string) => `${step}-${language}-${width}-${theme}`
      if (only && !name('').includes(only)) continue
      const visitor = await newVisitor(service.origin, { width, height: sizes[width], theme, language })
      await visitor.open({ name: 'Acme', country: 'IN', language })
      await shoot(visitor, name('identify'))
      await visitor.click('.switch label:last-child')
      await visitor.type('#identifier', newEmail())
      await visitor.click('.primary')
      const code = await visitor.lastCode()
      await visitor.type('#code', code.slice(0, 4))
      await shoot(visitor, name('code'))
      await visitor.leave()
    }
  }
}
await service.stop()
await stopAll()
process.exit()
