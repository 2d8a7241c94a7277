// The same files as in the repository, as a site. What a page links to in the code has no page here: it is shown as its path.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MarkdownRenderer } from 'vitepress'
import { withMermaid } from 'vitepress-plugin-mermaid'

type Token = { type: string; content: string; nesting: number; attrGet: (name: string) => string | null }
type Page = { path: string; title: string; about: string }
type Section = { section: string; pages: Page[] }

const root = fileURLToPath(new URL('../..', import.meta.url))
const sections: Section[] = JSON.parse(readFileSync(new URL('../pages.json', import.meta.url), 'utf8'))
const decisions = readdirSync(join(root, 'docs/decisions')).map((file) => `docs/decisions/${file}`)
const paths = new Set([...sections.flatMap(({ pages }) => pages.map(({ path }) => path)), ...decisions])

// Pages are copied here: what VitePress makes of a page imports Vue, which is found from here alone.
const source = fileURLToPath(new URL('../pages', import.meta.url))
rmSync(source, { recursive: true, force: true })
for (const path of [...paths, 'docs/screenshots']) cpSync(join(root, path), join(source, path), { recursive: true })

const withoutExtension = (path: string) => `/${path.replace(/\.md$/, '')}`
const titleOf = (path: string) => /^# (.*)$/m.exec(readFileSync(join(root, path), 'utf8'))?.[1] ?? path

/** Code stays as it is. Links go to pages of the site; of anything else in the repository the path is shown, without a link. */
function readAsWritten(markdown: MarkdownRenderer): void {
  // Braces in code are code, no expressions of Vue.
  markdown.renderer.rules['code_inline'] = (tokens, index) =>
    `<code v-pre>${markdown.utils.escapeHtml(tokens[index]?.content ?? '')}</code>`
  markdown.core.ruler.push('links-of-repository', ({ tokens, env }) => {
    for (const { children } of tokens) unlinkOutside(children ?? [], env.relativePath)
  })
}

function unlinkOutside(tokens: readonly Token[], page: string): void {
  let isOpen = false
  for (const token of tokens) {
    if (token.type === 'link_open') isOpen = isOutside(String(token.attrGet('href')), page)
    if (!isOpen || !token.type.startsWith('link_')) continue
    token.content = token.nesting === 1 ? '<span class="in-repository">' : '</span>'
    isOpen = token.nesting === 1
    token.type = 'html_inline'
    token.nesting = 0
  }
}

/** Whether what a page links to has no page of its own. A link to nothing fails the build. */
function isOutside(href: string, page: string): boolean {
  if (/^(?:[a-z]+:|#)/.test(href)) return false
  const path = normalize(join(dirname(page), href.replace(/#.*/, '')))
  if (!existsSync(join(root, path))) throw new Error(`${page} links to ${href}, which is not there`)
  return !paths.has(path)
}

// biome-ignore lint/style/noDefaultExport: VitePress reads it
export default withMermaid({
  title: 'Latchkey',
  description: 'Passwordless sign-in: one-time codes by SMS and email over a REST API',
  srcDir: source,
  rewrites: { 'README.md': 'index.md' },
  outDir: fileURLToPath(new URL('../dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('../node_modules/.vitepress', import.meta.url)),
  cleanUrls: true,
  lastUpdated: false,
  markdown: { config: readAsWritten },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      ...sections.map(({ section, pages }) => ({
        text: section,
        items: pages.map(({ path, title }) => ({
          text: title,
          link: path === 'README.md' ? '/' : withoutExtension(path),
        })),
      })),
      {
        text: 'Decisions',
        collapsed: true,
        items: decisions.map((path) => ({ text: titleOf(path), link: withoutExtension(path) })),
      },
    ],
  },
})
