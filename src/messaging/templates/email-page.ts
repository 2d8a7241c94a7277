// The HTML part of a mail: one card, no images, no links, nothing loaded. Tables and inline styles are what mail clients keep.
import { escapeHtml } from '../../http/html.js'
import { fill, type Template, type Values } from './template.js'

type Page = Readonly<{ locale: string; template: Template; values: Values }>

const fonts = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif"
const codeFonts = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Noto Sans Mono',monospace"

/** For clients that know media queries; the others get the light colours, or their own inversion of them. */
const darkStyles = `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background-color:#0f1216!important}
.card{background-color:#1b2027!important;border-color:#39414c!important}
.text{color:#eef1f5!important}
.code{background-color:#0f1216!important;border-color:#39414c!important;color:#ffffff!important}
.quiet{color:#a8b1bd!important}
}`

const text = `margin:0 0 12px;font-family:${fonts};font-size:16px;line-height:1.6;color:#1c222b`
const styles = {
  page: 'margin:0;padding:0;background-color:#f2f4f7',
  preheader: 'display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all',
  // Fixed, so that the longest word breaks instead of widening the table.
  card: 'width:100%;max-width:480px;table-layout:fixed;background-color:#ffffff;border:1px solid #d9dee5;border-radius:12px;border-collapse:separate',
  cell: 'padding:28px 20px 20px;overflow-wrap:break-word;word-break:break-word',
  heading: `${text};font-size:18px;line-height:1.5;font-weight:600`,
  code: `margin:0 0 20px;padding:14px 4px;background-color:#f2f4f7;border:1px solid #d9dee5;border-radius:8px;font-family:${codeFonts};font-size:32px;line-height:1.3;font-weight:700;letter-spacing:2px;text-align:center;color:#11161d;-webkit-user-select:all;user-select:all`,
  text,
  quiet: `${text};margin-top:20px;font-size:14px;color:#5a6472`,
}

/** The mail with a code. */
export function emailPage({ locale, template, values }: Page): string {
  const html = { ...values, app: isolated(values.app) }
  const say = (sentence: string) => fill(escapeHtml(sentence), html)
  return page({
    locale,
    direction: template.direction,
    title: escapeHtml(fill(template.subject, values)),
    preview: `${say(template.validity)} ${say(template.warning)}`,
    body: `<h1 class="text" style="${styles.heading}">${say(template.heading)}</h1>
<p class="code" dir="ltr" style="${styles.code}">${escapeHtml(values.code)}</p>
<p class="text" style="${styles.text}">${say(template.validity)}</p>
<p class="text" style="${styles.text}">${say(template.warning)}</p>
<p class="quiet" style="${styles.quiet}">${say(template.unasked)}</p>`,
  })
}

/** The mail of a notice: its fullest sentence, with the last one as its title. */
export function notificationPage({
  locale,
  template,
  sentences,
  app,
}: {
  locale: string
  template: Template
  sentences: readonly string[]
  app: string
}): string {
  const [sentence = ''] = sentences
  const told = fill(escapeHtml(sentence), { app: isolated(app) })
  return page({
    locale,
    direction: template.direction,
    title: escapeHtml(fill(String(sentences.at(-1)), { app })),
    preview: told,
    body: `<h1 class="text" style="${styles.heading}">${told}</h1>`,
  })
}

/** Beside words of another direction, in its own one. */
function isolated(app: string): string {
  return `<bdi>${escapeHtml(app)}</bdi>`
}

type Parts = Readonly<{
  locale: string
  direction: Template['direction']
  title: string
  preview: string
  body: string
}>

/**
 * A whole document; the language and its direction stand on the table too, as clients drop `<html>`.
 * @param parts as HTML
 */
function page({ locale, direction, title, preview, body }: Parts): string {
  const language = `lang="${locale}" dir="${direction}"`
  const align = direction === 'rtl' ? 'right' : 'left'
  const table = 'role="presentation" border="0" cellpadding="0" cellspacing="0"'
  return `<!doctype html>
<html ${language}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
<title>${title}</title>
<style>${darkStyles}</style>
</head>
<body class="page" style="${styles.page}">
<div style="${styles.preheader}">${preview}</div>
<table ${table} ${language} class="page" width="100%" style="${styles.page}"><tr><td align="center" style="padding:24px 12px">
<table ${table} class="card" width="480" style="${styles.card}"><tr><td align="${align}" style="${styles.cell}">
${body}
</td></tr></table>
</td></tr></table>
</body>
</html>
`
}
