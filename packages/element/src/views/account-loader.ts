// The account page is loaded when somebody is signed in: visitors who come to sign in do not wait for it.
import type { AccountOptions } from '../account/account-view.js'
import { h } from '../h.js'
import { problemOf } from '../problems.js'
import { sheetOf } from '../styles/sheets.js'
import { type Context, heading, problemLine, type View } from './view.js'

export function accountLoader(context: Context, options: AccountOptions): View {
  const { text, announce } = context
  const body = h('div', { 'aria-busy': 'true' })
  const root = h('div', {}, heading(text.words.account), body)

  async function load(): Promise<void> {
    const { accountView, styles } = await import('../account/account-view.js')
    const owner = root.getRootNode()
    const sheet = sheetOf(styles)
    if (owner instanceof ShadowRoot && !owner.adoptedStyleSheets.includes(sheet)) owner.adoptedStyleSheets.push(sheet)
    body.append(accountView(context, options))
    body.removeAttribute('aria-busy')
  }

  load().catch((error) => options.leave({ problem: problemOf(error) }))
  return { root, update: ({ problem }) => problem && announce(problemLine(text, problem) ?? '') }
}
