// The words of one language: what its file holds, how it is checked, how its gaps are filled.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../config/reader.js'

/** Those words that say what a code is for. */
export type CodeWords = Readonly<{
  /** the fullest first: the first that fits in one segment is sent */
  sms: readonly string[]
  subject: string
  /** above the code */
  heading: string
}>

/** What a code is for, where it is not to sign in: words of their own, so that nobody gives away more than they know of. */
export const otherPurposes = ['step_up', 'change_identifier'] as const
export type CodePurpose = 'sign_in' | (typeof otherPurposes)[number]

/** Sentences with gaps such as `{code}`; see docs/messages.md. Where a purpose has no words of its own, those of signing in are taken. */
export type Template = CodeWords &
  Readonly<Partial<Record<(typeof otherPurposes)[number], CodeWords>>> &
  Readonly<{
    direction: 'ltr' | 'rtl'
    validity: string
    warning: string
    /** to whoever asked for nothing */
    unasked: string
    /** that the ways to sign in have changed, to whoever had the old one; the fullest first, as an SMS and as a mail */
    changed: readonly string[]
    /** that somebody signed in on a device that is not known, to the account's other identifier; in the same way */
    signedIn: readonly string[]
    /** that the other identifier leaves the account in 72 hours, unless its owner signs in; in the same way */
    leaving: readonly string[]
  }>

const gaps = ['code', 'app', 'duration', 'shortDuration'] as const
type Gap = (typeof gaps)[number]
export type Values = Readonly<Record<Gap, string>>

const gap = /\{([^{}]*)\}/g
const sentences = ['subject', 'heading', 'validity', 'warning', 'unasked'] as const
const lists = ['sms', 'changed', 'signedIn', 'leaving'] as const
const keys: readonly string[] = ['direction', ...lists, ...sentences, ...otherPurposes]
const codeWords = ['sms', 'subject', 'heading'] as const

/** What a sentence has to hold, and what it may. */
type Rule = Readonly<{ needs?: Gap; gaps: readonly Gap[] }>
const anyGap: Rule = { gaps }
/** Without these they would be no message. */
const rules: Readonly<Record<string, Rule>> = {
  sms: { needs: 'code', gaps },
  subject: { needs: 'code', gaps },
  changed: { needs: 'app', gaps: ['app'] },
  signedIn: { needs: 'app', gaps: ['app'] },
  leaving: { needs: 'app', gaps: ['app'] },
}
const ruleOf = (key: string) => rules[key] ?? anyGap

/** All gaps at once, so that a value is never looked into for further ones. */
export function fill(sentence: string, values: Partial<Values>): string {
  return sentence.replaceAll(gap, (_, name: Gap) => String(values[name]))
}

/**
 * The words in a file, on top of those that are there for its language already.
 * @param report told what is wrong: the key and the rule
 */
export function readTemplate(file: string, known: Template | undefined, report: (problem: string) => void): Template {
  const own: Record<string, unknown> = { ...readObject(file, report) }
  const words: Record<string, unknown> = { ...known, ...own }
  // Who has words of their own (a registered text) has them sent, and not ours for a purpose that they have none for.
  if (codeWords.some((key) => key in own)) for (const purpose of otherPurposes) words[purpose] = own[purpose]
  for (const key of Object.keys(words)) if (!keys.includes(key)) report(`${key}: is no key of messages`)
  if (words['direction'] !== 'ltr' && words['direction'] !== 'rtl') report('direction: must be ltr or rtl')
  for (const key of lists) checkList(key, words[key], ruleOf(key), report)
  for (const key of sentences) check(key, words[key], ruleOf(key), report)
  for (const purpose of otherPurposes) if (words[purpose] !== undefined) checkPurpose(purpose, words[purpose], report)
  return words as Template
}

function checkPurpose(purpose: string, value: unknown, report: (problem: string) => void): void {
  const words: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {}
  for (const key of Object.keys(words)) {
    if (!codeWords.some((known) => known === key)) report(`${purpose}.${key}: is no key of messages`)
  }
  checkList(`${purpose}.sms`, words['sms'], ruleOf('sms'), report)
  check(`${purpose}.subject`, words['subject'], ruleOf('subject'), report)
  check(`${purpose}.heading`, words['heading'], ruleOf('heading'), report)
}

function checkList(key: string, list: unknown, rule: Rule, report: (problem: string) => void): void {
  const templates: readonly unknown[] = Array.isArray(list) ? list : []
  if (templates.length === 0) report(`${key}: must be a list of sentences, the fullest first`)
  templates.forEach((sentence, index) => {
    check(`${key}[${index}]`, sentence, rule, report)
  })
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

function check(key: string, sentence: unknown, { needs, gaps }: Rule, report: (problem: string) => void): void {
  if (typeof sentence !== 'string' || sentence.trim() === '') {
    report(`${key}: must be a sentence`)
    return
  }
  if (/\p{Cc}|[\p{Zl}\p{Zp}]/u.test(sentence)) report(`${key}: must be one line without control characters`)
  for (const [, name] of sentence.matchAll(gap)) {
    if (!gaps.some((known) => known === name)) report(`${key}: {${name}} is none of {${gaps.join('}, {')}}`)
  }
  if (/[{}]/.test(sentence.replaceAll(gap, ''))) report(`${key}: has a brace without its partner`)
  if (needs !== undefined && !sentence.includes(`{${needs}}`)) report(`${key}: must contain {${needs}}`)
}

// The languages there are: ours, and on top of them those in the operator's folder.

const ours = fileURLToPath(new URL('locales', import.meta.url))

/** A language, with its script and region where they matter (BCP 47). Stored with users: see users_locale_check. */
const tag = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/

export type Templates = Readonly<{
  byLocale: ReadonlyMap<string, Template>
  /** the locales whose SMS the operator has written */
  ownSms: ReadonlySet<string>
}>

/**
 * @param directory the operator's folder; undefined where there is none
 * @throws ConfigError naming file and key
 */
export function readTemplates(directory: string | undefined): Templates {
  const problems: string[] = []
  const byLocale = new Map<string, Template>()
  const ownSms = new Set<string>()

  function read(folder: string, file: string): void {
    const locale = file.slice(0, -'.json'.length)
    const report = (problem: string) => problems.push(`MESSAGES_DIR ${file}: ${problem}`)
    if (!isLocale(locale)) report('must be named by a language tag such as hi or zh-Hant (BCP 47)')
    const known = byLocale.get(locale)
    const template = readTemplate(join(folder, file), known, report)
    byLocale.set(locale, template)
    if (folder === directory && template.sms !== known?.sms) ownSms.add(locale)
  }

  for (const file of listFiles(ours)) read(ours, file)
  if (directory !== undefined) for (const file of listFiles(directory)) read(directory, file)
  if (problems.length > 0) throw new ConfigError(problems)
  return { byLocale, ownSms }
}

/** Without hidden ones: a mounted folder of a cluster keeps its versions in such. */
function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter((file) => file.endsWith('.json') && !file.startsWith('.'))
  } catch {
    throw new ConfigError(['MESSAGES_DIR must be a folder that can be read'])
  }
}

function isLocale(name: string): boolean {
  return tag.test(name) && Intl.getCanonicalLocales(name)[0] === name
}
