// The HTML of mails: nothing in it that tracks or tempts, and nothing that overflows, in a real browser.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { parseMessagesSettings } from '../../src/config/config.js'
import { Messages } from '../../src/messaging/templates/messages.js'

/** The longest strings that settings allow: a name without a space, and a code of 10 digits. */
const { messages, codes } = parseMessagesSettings({ APP_NAME: 'W'.repeat(30), OTP_LENGTH: '10', OTP_TTL: '119' })
const rendered = new Messages(messages, codes)
const pages = [...rendered.locales].map((locale) => {
  const { html } = rendered.email({ code: '1234567890', expiresIn: 119, languages: [locale] })
  return { locale, html }
})

t.test('a page says its language and direction, and loads, links and tracks nothing', async (t) => {
  for (const { locale, html } of pages) {
    const language = `lang="${locale}" dir="${['ar', 'ur'].includes(locale) ? 'rtl' : 'ltr'}"`
    t.equal(html.split(language).length, 3, `${locale}: on the document, and on the table that clients keep`)
    t.notMatch(html, /https?:|<a |<img|<script|<link|@import|url\(|src=|href=/, locale)
    t.match(html, '<p class="code" dir="ltr"', locale)
  }
})

const browser = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
)

/** Puts what it measures in the page that contains it, for --dump-dom. */
const measure = `
  const found = []
  for (const frame of document.querySelectorAll('iframe')) {
    const { documentElement: root, body } = frame.contentDocument
    const wide = [...body.querySelectorAll('table, td, h1, p')].filter((element) => {
      const { left, right } = element.getBoundingClientRect()
      return left < 0 || right > 320 || element.scrollWidth > element.clientWidth + 1
    })
    const code = body.querySelector('.code')
    const line = parseFloat(getComputedStyle(code).lineHeight)
    found.push({ locale: frame.id, width: root.scrollWidth, wide: wide.map(({ outerHTML }) => outerHTML.slice(0, 200)), codeLines: Math.round((code.clientHeight - 28) / line) })
  }
  document.body.textContent = 'MEASURED' + JSON.stringify(found) + 'END'
`

t.test(
  'nothing overflows 320 px in any language',
  browser === undefined ? { skip: 'no Chromium here (CHROMIUM names one elsewhere)' } : {},
  async (t) => {
    const frames = pages.map(({ locale, html }) => {
      const content = html.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
      return `<iframe id="${locale}" style="width:320px;height:600px;border:0" srcdoc="${content}"></iframe>`
    })
    const page = `<!doctype html><meta charset="utf-8"><body>${frames.join('\n')}<script>onload = () => {${measure}}</script>`
    const directory = t.testdir({ 'page.html': page })
    const { stdout } = await promisify(execFile)(
      String(browser),
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${join(directory, 'profile')}`,
        '--dump-dom',
        pathToFileURL(join(directory, 'page.html')).href,
      ],
      { timeout: 90_000, maxBuffer: 50_000_000 },
    )
    const found = JSON.parse(/MEASURED(.*)END/s.exec(stdout)?.[1] ?? '[]')
    t.strictSame(
      found,
      pages.map(({ locale }) => ({ locale, width: 320, wide: [], codeLines: 1 })),
    )
  },
)
