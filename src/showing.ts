// What terminals and editors are shown of texts that others wrote: nothing that they obey, or turn around, in place of showing it.

/** Controls beyond those of ASCII, which JSON has escaped, other ends of lines, and format characters. */
const unseen = /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu
/** All but ASCII, of which most lines are made: a look at it costs a tenth of one at the above. */
const beyondAscii = /[\u007f-\uffff]/

/** Ends of lines other than ours, and marks that turn the direction of all that follows (Unicode 17, §23.2). */
const turning = '\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069'
const deceptive = new RegExp(`[${turning}]`, 'u')
const obeyed = new RegExp(`(?![\\n\\t])[\\p{Cc}${turning}]`, 'gu')

function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
    '',
  )
}

/** The same document of JSON, in which all that would not be seen is written as an escape. */
export function visibleJson(json: string): string {
  return beyondAscii.test(json) ? json.replace(unseen, escaped) : json
}

/** Lines for people, with escapes in place of what a terminal obeys (CWE-150). Joiners stay, by which scripts of India are written. */
export function visibleText(text: string): string {
  return text.replace(obeyed, escaped)
}

/** Whether a text looks as it was written, wherever it stands; controls are for others to refuse. */
export function isHonest(text: string): boolean {
  return !deceptive.test(text)
}
