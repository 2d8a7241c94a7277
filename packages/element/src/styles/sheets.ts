// Constructable style sheets: a policy without 'unsafe-inline' allows them, and all elements of a page share them.
import { base } from './base.js'

let made: CSSStyleSheet[] | undefined

export function sheets(): CSSStyleSheet[] {
  made ??= [base].map((text) => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    return sheet
  })
  return made
}
