// The page of the guide for React (examples/react), on the service's origin.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, newEmail, newVisitor, projectDirectory, startService, test } from './support.js'

const { origin, stop } = await startService()
afterAll(stop)

const sources = (name: string) => join(projectDirectory, 'packages', name, 'src', 'index.ts')
const { outputFiles } = await build({
  entryPoints: [join(projectDirectory, 'examples/react/app.jsx')],
  bundle: true,
  format: 'iife',
  jsx: 'automatic',
  alias: { '@latchkey/client': sources('client'), '@latchkey/react': sources('react') },
  define: { 'process.env.NODE_ENV': '"production"' },
  // What solves challenges has a file of its own, which is not loaded here.
  logLevel: 'error',
  write: false,
})

test('the page of the guide signs somebody in, tells of a wrong code, and knows them when they come back', async () => {
  const visitor = await newVisitor(origin)
  const { page } = visitor
  const open = async () => {
    await page.setBypassCSP(true)
    await page.goto(`${origin}/health/live`)
    await page.evaluate(String(outputFiles[0]?.text))
  }
  const type = async (selector: string, text: string) => {
    const input = await page.waitForSelector(selector)
    await input?.click({ count: 3 })
    await input?.type(text)
    await page.keyboard.press('Enter')
  }
  const see = (text: string) => page.waitForSelector(`::-p-text(${text})`)
  const email = newEmail()
  await open()
  await type('[name=email]', email)
  await type('[name=otp]', '12')
  await see('validation_failed')
  await type('[name=otp]', await visitor.lastCode())
  await see(`Signed in as ${email}`)
  await open()
  await see(`Signed in as ${email}`)
  const signOut = await page.$('main button')
  await signOut?.click()
  assert.ok(await page.waitForSelector('[name=email]'))
  await visitor.leave()
})
