// What tests in a browser share: the service and a page before it, Chromium, and a visitor who sees what people see.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import puppeteer, { type Browser, type ElementHandle } from 'puppeteer-core'
import { startFront } from './front.js'
import { projectDirectory, type Service, startProcess, stopPostgres } from './service.js'

export { afterAll, test } from './checks.js'
export { projectDirectory } from './service.js'

/** Chromium of Debian, or what CHROMIUM names. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
/** Milliseconds that anything may take on a machine with little to spare. */
export const patience = 15_000

export type Started = Service

/** The real service with these settings beside development's own, behind a page with the element (front.ts). */
export async function startService(settings: Record<string, string> = {}): Promise<Started> {
  const service = await startProcess(settings)
  const front = await startFront(service.origin)
  const stop = async () => {
    await front.stop()
    await service.stop()
  }
  return { ...service, origin: front.origin, stop }
}

let browser: Promise<Browser> | undefined

/** The one browser of a run. As root there is no sandbox to be had. */
export function launchBrowser(): Promise<Browser> {
  browser ??= puppeteer.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb', '--font-render-hinting=none'],
  })
  return browser
}

export async function stopAll(): Promise<void> {
  await (await browser)?.close()
  browser = undefined
  await stopPostgres()
}

export type VisitOptions = {
  width?: number
  height?: number
  theme?: 'light' | 'dark'
  /** of the browser */
  language?: string
  reducedMotion?: boolean
  /** other origins that this visit leads to */
  others?: readonly string[]
  /** false for who has turned scripts off */
  scripts?: boolean
}

/** Somebody with a browser profile of their own, and all that went wrong there or went elsewhere. */
export async function newVisitor(origin: string, options: VisitOptions = {}) {
  const context = await (await launchBrowser()).createBrowserContext()
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  const {
    width = 480,
    height = 860,
    theme = 'light',
    language = 'en',
    reducedMotion = true,
    others = [],
    scripts = true,
  } = options
  await page.setJavaScriptEnabled(scripts)
  await page.setViewport({ width, height, deviceScaleFactor: 1 })
  await page.setExtraHTTPHeaders({ 'accept-language': language })
  // As text: what tsx makes of a function calls helpers of its own, which no page has.
  const languages = JSON.stringify([language])
  await page.evaluateOnNewDocument(`Object.defineProperty(navigator, 'languages', { get: () => ${languages} })`)
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: theme },
    { name: 'prefers-reduced-motion', value: reducedMotion ? 'reduce' : 'no-preference' },
  ])
  const faults: string[] = []
  const elsewhere: string[] = []
  const codes: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // Chromium writes a line for every answer of 4xx, and a wrong code is one.
    const isAnswer = /^Failed to load resource: the server responded with a status of 4/.test(message.text())
    if (['error', 'warn'].includes(message.type()) && !isAnswer) faults.push(message.text())
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (![origin, ...others].includes(url.origin) && !['data:', 'blob:'].includes(url.protocol))
      elsewhere.push(request.url())
  })
  page.on('response', async (response) => {
    if (response.request().method() !== 'POST') return
    const { otp, data } = await response.json().catch(() => ({}))
    const code = otp ?? data?.otp
    if (typeof code === 'string') codes.push(code)
  })

  const open = (config: object = {}) =>
    page.goto(`${origin}/element?config=${encodeURIComponent(JSON.stringify(config))}`, { waitUntil: 'load' })
  /** An element in the shadow root, once it can be seen. */
  const find = async (selector: string): Promise<ElementHandle<Element>> => {
    const found = await page.waitForSelector(`>>> ${selector}`, { visible: true })
    assert.ok(found, selector)
    return found
  }
  const textOf = async (selector: string) => (await find(selector)).evaluate((each) => each.textContent ?? '')
  const click = async (selector: string) => (await find(selector)).click()
  const type = async (selector: string, text: string) => {
    const input = await find(selector)
    await input.click({ count: 3 })
    await input.type(text)
  }
  /** Waits for a text anywhere in the element. */
  const see = async (text: string | RegExp) => {
    const source = typeof text === 'string' ? text : text.source
    const isRegex = typeof text !== 'string'
    const isThere = (source: string, isRegex: boolean) => {
      const card = document.querySelector('latchkey-sign-in')?.shadowRoot?.querySelector<HTMLElement>('.card')
      const shown = (card?.innerText ?? '').replace(/[\u2066-\u2069]/g, '')
      return isRegex ? new RegExp(source).test(shown) : shown.includes(source)
    }
    await page.waitForFunction(isThere, { timeout: patience, polling: 50 }, source, isRegex).catch(async () => {
      const shown = await page.evaluate(() => document.querySelector('latchkey-sign-in')?.shadowRoot?.textContent)
      assert.fail(`did not see ${text}; there was: ${shown?.slice(0, 600)}`)
    })
  }
  const clickText = async (text: string) => {
    const button = await page.waitForSelector(`::-p-aria([name="${text}"])`, { visible: true })
    await button?.click()
  }
  /** The code of the last send that this visitor asked for. */
  const lastCode = async (count = 1): Promise<string> => {
    const deadline = Date.now() + patience
    while (codes.length < count && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
    return codes.at(-1) ?? assert.fail('no code was sent')
  }
  /** What holds of every visit: nothing failed, and nobody else was asked. */
  const leave = async () => {
    await context.close()
    assert.deepEqual(faults, [])
    assert.deepEqual(elsewhere, [])
  }

  return { page, context, open, find, textOf, click, clickText, type, see, lastCode, codes, leave }
}

export type Visitor = Awaited<ReturnType<typeof newVisitor>>

const axeSource = () => readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds in the page, one line each: rule, and where. A policy stops scripts in the page, not those of the debugger. */
export async function axe({ page }: Visitor): Promise<string[]> {
  await page.evaluate(await axeSource())
  return page.evaluate(async () => {
    type Result = { violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[] }
    const { axe } = window as unknown as { axe: { run(options: object): Promise<Result> } }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${JSON.stringify(target)} ${failureSummary ?? ''}`),
    )
  })
}

/** A picture for the documents, as small as the browser makes it. */
export async function screenshot({ page }: Visitor, name: string): Promise<void> {
  await page.screenshot({ path: join(projectDirectory, 'docs', 'screenshots', `${name}.png`), optimizeForSpeed: false })
}

let numbers = 0
/** A valid Indian mobile number that nobody had in this run. */
export function newPhone(): string {
  numbers += 1
  return `98765${String(Date.now() % 1_000).padStart(3, '0')}${String(numbers).padStart(2, '0')}`
}

export function newEmail(): string {
  numbers += 1
  return `asha.${Date.now().toString(36)}.${numbers}@example.com`
}
