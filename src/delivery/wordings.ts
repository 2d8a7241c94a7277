// The languages there are: ours, and on top of them those in the operator's folder.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../config/reader.js'
import { readWording, type Wording } from './wording.js'

const ours = fileURLToPath(new URL('locales', import.meta.url))

/** A language, with its script and region where they matter (BCP 47). Stored with users: see users_locale_check. */
const tag = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/

export type Wordings = Readonly<{
  byLocale: ReadonlyMap<string, Wording>
  /** the locales whose SMS the operator has written */
  ownSms: ReadonlySet<string>
}>

/**
 * @param directory the operator's folder; undefined where there is none
 * @throws ConfigError naming file and key
 */
export function readWordings(directory: string | undefined): Wordings {
  const problems: string[] = []
  const byLocale = new Map<string, Wording>()
  const ownSms = new Set<string>()

  function read(folder: string, file: string): void {
    const locale = file.slice(0, -'.json'.length)
    const report = (problem: string) => problems.push(`MESSAGES_DIR ${file}: ${problem}`)
    if (!isLocale(locale)) report('must be named by a language tag such as hi or zh-Hant (BCP 47)')
    const known = byLocale.get(locale)
    const wording = readWording(join(folder, file), known, report)
    byLocale.set(locale, wording)
    if (folder === directory && wording.sms !== known?.sms) ownSms.add(locale)
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
