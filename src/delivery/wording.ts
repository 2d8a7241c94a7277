// The words of one language: what its file holds, how it is checked, how its gaps are filled.
import { readFileSync } from 'node:fs'

/** Sentences with gaps such as `{code}`; see docs/messages.md. */
export type Wording = Readonly<{
  direction: 'ltr' | 'rtl'
  /** the fullest first: the first that fits in one segment is sent */
  sms: readonly string[]
  subject: string
  /** above the code */
  heading: string
  validity: string
  warning: string
  /** to whoever asked for nothing */
  unasked: string
}>

const gaps = ['code', 'app', 'duration', 'shortDuration'] as const
type Gap = (typeof gaps)[number]
export type Values = Readonly<Record<Gap, string>>

const gap = /\{([^{}]*)\}/g
const sentences = ['subject', 'heading', 'validity', 'warning', 'unasked'] as const
const keys: readonly string[] = ['direction', 'sms', ...sentences]
/** Without the code these would be no message. */
const withCode: ReadonlySet<string> = new Set(['sms', 'subject'])

/** All gaps at once, so that a value is never looked into for further ones. */
export function fill(sentence: string, values: Values): string {
  return sentence.replaceAll(gap, (_, name: Gap) => values[name])
}

/**
 * The words in a file, on top of those that are there for its language already.
 * @param report told what is wrong: the key and the rule
 */
export function readWording(file: string, known: Wording | undefined, report: (problem: string) => void): Wording {
  const words: Record<string, unknown> = { ...known, ...readObject(file, report) }
  for (const key of Object.keys(words)) if (!keys.includes(key)) report(`${key}: is no key of messages`)
  if (words['direction'] !== 'ltr' && words['direction'] !== 'rtl') report('direction: must be ltr or rtl')
  const sms = Array.isArray(words['sms']) ? words['sms'] : []
  if (sms.length === 0) report('sms: must be a list of sentences, the fullest first')
  sms.forEach((sentence, index) => {
    check(`sms[${index}]`, sentence, true, report)
  })
  for (const key of sentences) check(key, words[key], withCode.has(key), report)
  return words as Wording
}

function readObject(file: string, report: (problem: string) => void): object {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content
  } catch {
    // told below, without the parser's words, which quote the file
  }
  report('must be a JSON object that can be read')
  return {}
}

function check(key: string, sentence: unknown, needsCode: boolean, report: (problem: string) => void): void {
  if (typeof sentence !== 'string' || sentence.trim() === '') {
    report(`${key}: must be a sentence`)
    return
  }
  if (/\p{Cc}|[\p{Zl}\p{Zp}]/u.test(sentence)) report(`${key}: must be one line without control characters`)
  for (const [, name] of sentence.matchAll(gap)) {
    if (!gaps.some((known) => known === name)) report(`${key}: {${name}} is none of {${gaps.join('}, {')}}`)
  }
  if (/[{}]/.test(sentence.replaceAll(gap, ''))) report(`${key}: has a brace without its partner`)
  if (needsCode && !sentence.includes('{code}')) report(`${key}: must contain {code}`)
}
