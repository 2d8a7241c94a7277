// The files of a page: what scripts/build-page.mjs bundled, read once at start, and what is made of the settings.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { inkOn } from '../config/color.js'
import type { PageSettings } from '../config/page-settings.js'
import { escapeHtml } from '../http/html.js'

/** Beside this folder in sources and in what is built of them. */
export const bundledPage = join(import.meta.dirname, '..', 'generated', 'page')
export const bundledConsole = join(import.meta.dirname, '..', 'generated', 'console')

const kinds = ['js', 'css', 'json', 'svg'] as const

export type PageFile = Readonly<{ name: string; type: (typeof kinds)[number]; body: Buffer }>

export type PageFiles = Readonly<{
  files: readonly PageFile[]
  /** of all of them: in their paths, so that each may be kept for good */
  version: string
  /** names of the scripts that the first one imports: a browser need not wait for that one to know them */
  preload: readonly string[]
}>

type Bundle = Readonly<{ bundled: readonly PageFile[]; names: readonly string[]; preload: readonly string[] }>

/** By their folder: read once for all services of a process. */
const bundles = new Map<string, Promise<Bundle>>()

/**
 * @param folder with `manifest.json`, whose `files` are all that is served
 * @throws Error where the page was not bundled, or the manifest names what is no file of a page
 */
export async function readPageFiles(folder: string, brand: PageSettings['brand']): Promise<PageFiles> {
  const reading = bundles.get(folder) ?? readBundle(folder)
  bundles.set(folder, reading)
  const { bundled, names, preload } = await reading
  const made = [
    { name: 'icon.svg', type: 'svg', body: Buffer.from(iconOf(brand)) },
    { name: 'notice.css', type: 'css', body: Buffer.from(noticeStyles) },
  ] as const
  const files = [...bundled, ...made]
  const missing = preload.find((name) => !names.includes(name))
  if (missing !== undefined) throw new Error(`${missing} is no file of a page`)
  const hash = createHash('sha256')
  for (const { name, body } of files) hash.update(`${name}\n${body.length}\n`).update(body)
  return { files, preload, version: hash.digest('base64url').slice(0, 16) }
}

async function readBundle(folder: string): Promise<Bundle> {
  const manifest = await readFile(join(folder, 'manifest.json'), 'utf8').catch((cause: unknown) => {
    const what = `${basename(folder)} is not there: npm run generate makes it`
    throw new Error(`The page in ${what}, or set SIGN_IN_PAGE=off and ADMIN_CONSOLE=off`, { cause })
  })
  const { files: names, preload = [] } = JSON.parse(manifest) as { files: string[]; preload?: string[] }
  const read = names.map(async (name) => ({ ...fileOf(name), body: await readFile(join(folder, name)) }))
  return { bundled: await Promise.all(read), names, preload }
}

/** A plain name of a kind that pages are made of: nothing of it leads out of the folder. */
function fileOf(name: string): Omit<PageFile, 'body'> {
  const type = kinds.find((kind) => extname(name) === `.${kind}`)
  if (type === undefined || !/^[\w-]+(\.[\w-]+)*$/.test(name)) throw new Error(`${name} is no file of a page`)
  return { name, type }
}

/** In the tab: the brand's first letter on its colour. */
function iconOf({ name, color = '#1f2933' }: PageSettings['brand']): string {
  const [letter = ''] = new Intl.Segmenter().segment(name)
  const text = letter === '' ? '' : escapeHtml(letter.segment.toLocaleUpperCase('en'))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${color}"/><text x="16" y="22.5" font-family="system-ui, sans-serif" font-size="18" font-weight="600" text-anchor="middle" fill="${inkOn(color)}">${text}</text></svg>`
}

/** Of what is shown without a script: a card as the element's (packages/element/src/styles), upon the page's ground (page.css). */
const noticeStyles = `.notice{box-sizing:border-box;max-inline-size:27rem;margin:0 auto;padding:1.125rem 1.5rem 2rem;border:1px solid #dedad1;border-radius:1.5rem;background:#fff;box-shadow:0 1px 2px rgb(40 34 20/6%),0 12px 40px -12px rgb(40 34 20/18%);color:#1b1d1f;text-align:center;text-wrap:pretty;font:1rem/1.5 ui-sans-serif,system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
.notice::before{content:"";display:block;inline-size:.875rem;block-size:.875rem;margin:0 auto 1.5rem;border-radius:50%;background:var(--ground);box-shadow:inset 0 1px 2px rgb(0 0 0/22%),0 0 0 3px #fff,0 0 0 4.5px #dedad1}
.notice h1{margin:0 0 .5rem;font:500 1.5rem/1.25 ui-serif,"Iowan Old Style",Palatino,"Noto Serif",Georgia,serif;letter-spacing:-.01em;text-wrap:balance}
.notice p{margin:0}
.notice code{display:block;margin-block-start:1.5rem;padding:.75rem 1rem;border-radius:.75rem;background:#f3f1ec;font-size:.8125rem;direction:ltr;text-align:start}
@media (prefers-color-scheme:dark){.notice{border-color:#34373b;background:#1c1e21;box-shadow:0 16px 48px -12px rgb(0 0 0/60%);color:#eceae6}.notice::before{box-shadow:inset 0 1px 2px rgb(0 0 0/22%),0 0 0 3px #1c1e21,0 0 0 4.5px #34373b}.notice code{background:#131517}}
`
