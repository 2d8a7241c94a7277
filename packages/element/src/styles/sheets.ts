// Constructable style sheets: a policy without 'unsafe-inline' allows them, and all elements of a page share them.
import { css as base } from './base.css'
import { css as code } from './code.css'
import { css as fields } from './fields.css'
import { css as tokens } from './tokens.css'

const made = new Map<string, CSSStyleSheet>()

/** The sheet of a text, the same one for the same text. */
export function sheetOf(text: string): CSSStyleSheet {
  const known = made.get(text)
  if (known) return known
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  made.set(text, sheet)
  return sheet
}

export const sheets = (): CSSStyleSheet[] => [tokens, base, fields, code].map(sheetOf)
