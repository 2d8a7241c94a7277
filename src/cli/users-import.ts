// Users of another system, or of another database: `latchkey users import FILE [--map SYSTEM] [--trust-verified] [--dry-run]`.
import { constants, existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from '../config/command-line.js'
import { parseAdminSettings } from '../config/config.js'
import { nearest } from '../config/nearest.js'
import { withDirectClient } from '../database/direct-client.js'
import { IdentifierParser } from '../identifiers/parser.js'
import { leftOutOf, type Paths, refusedOf } from '../users/import/books.js'
import type { PeerMap } from '../users/import/draft.js'
import { type ImportProgress, Interruption, importUsers } from '../users/import/import.js'
import type { Counts } from '../users/import/ledger.js'
import { mapNamed, ownMap } from '../users/import/maps.js'
import { FileFault } from '../users/import/reader.js'
import { defineCommand, type WorkContext } from './command.js'
import { inEnglish } from './counted.js'
import { usersImport as declared, peers } from './declarations-users.js'
import { readingLine } from './progress.js'

export const importCommand = defineCommand(declared, importFile)

type Context = WorkContext<typeof declared.options>

async function importFile(context: Context): Promise<number> {
  const { words, values, printError, answer } = context
  const path = String(words[0])
  const paths = {
    report: values.report ?? `${path}.refused.ndjson`,
    ids: `${path}.ids.ndjson`,
    ledger: `${path}.import.json`,
  }
  if ([path, paths.ids, paths.ledger, `${paths.ledger}.new`].some((other) => resolve(paths.report) === resolve(other)))
    throw new UsageError(
      '--report must name another file than the one that is read, and those that are written beside it',
    )
  const map = mapOf(values.map)
  const tellThatItGoesOn = () =>
    printError(
      `What is done stays done: the same command goes on after it${values.restart ? ', without --restart' : ''}`,
    )
  try {
    const { counts, isWhole, goesOn, line } = await withFile(path, (file) => importUsersOf(file, map, paths, context))
    if (!isWhole) {
      if (goesOn) tellThatItGoesOn()
      throw new Error(`Stopped before line ${line}`)
    }
    answer({ dryRun: values['dry-run'], ...counts }, linesOf(counts, values['dry-run'], paths))
    return refusedOf(counts) === 0 ? 0 : 1
  } catch (error) {
    if (error instanceof Interruption) tellThatItGoesOn()
    const cause = error instanceof Interruption ? error.cause : error
    throw cause instanceof FileFault ? new Error(`${path} ${cause.message}`) : cause
  }
}

/** The import, which Ctrl-C ends after the batch that is under way. */
async function importUsersOf(
  file: FileHandle,
  map: PeerMap,
  paths: Paths,
  { values, environment, printError }: Context,
) {
  const { database, identifiers } = parseAdminSettings(environment)
  const parser = new IdentifierParser({
    ...identifiers,
    countries: identifiers.smsCountries,
    channels: ['sms', 'email'],
  })
  const stop = new AbortController()
  const onSignal = () => {
    stop.abort()
    printError('Stops after this batch; Ctrl-C again ends it now, and nothing is lost by that')
  }
  // Once: a batch may wait for a lock of somebody else, as long as they like.
  process.once('SIGINT', onSignal)
  try {
    return await withDirectClient(database.directUrl, (client) =>
      importUsers({
        client,
        file,
        map,
        parser,
        paths,
        trustsVerified: values['trust-verified'],
        tellsEvents: values.events,
        isTrial: values['dry-run'],
        isRestart: values.restart,
        signal: stop.signal,
        tell: createTeller(printError),
      }),
    )
  } finally {
    process.off('SIGINT', onSignal)
  }
}

/** @throws UsageError for a name of no system */
function mapOf(name: string | undefined): PeerMap {
  const map = name === undefined ? ownMap : mapNamed(name)
  if (map !== undefined) return map
  const meant = nearest(String(name), peers)
  throw new UsageError(
    `--map must be one of ${peers.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  )
}

/** @throws Error in one line where there is no such file, or it is not to be read */
async function withFile<Result>(path: string, work: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const faults: Readonly<Record<string, string>> = { ENOENT: 'is not there', EACCES: 'is not yours to read' }
  // A pipe would be waited for until somebody writes into it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    const fault = faults[String(error.code)]
    throw fault === undefined ? error : new Error(`${path} ${fault}`)
  })
  try {
    if (!(await file.stat()).isFile())
      throw new FileFault('is no file that can be read twice: a directory, a pipe or a device')
    return await work(file)
  } finally {
    await file.close()
  }
}

/** A line of progress for each percent. */
export function createTeller(print: (line: string) => void): (progress: ImportProgress) => void {
  const begin = performance.now()
  let told = 0
  return ({ read, size, records }) => {
    const share = read / size
    if (Math.floor(share * 100) === told) return
    told = Math.floor(share * 100)
    print(readingLine({ share, records, elapsed: (performance.now() - begin) / 1000 }))
  }
}

function linesOf(counts: Counts, isTrial: boolean, { report, ids }: Paths): string[] {
  const { made, present, leftOut, refused, admins } = counts
  const told = Object.entries({ ...leftOut, ...refused }).map(([why, count]) => `  ${why}  ${inEnglish(count)}`)
  return [
    `${isTrial ? 'Would be made' : 'Made'}: ${inEnglish(made)}; there already: ${inEnglish(present)}; refused: ${inEnglish(refusedOf(counts))}; left out: ${inEnglish(leftOutOf(counts))}`,
    ...told,
    ...(refusedOf(counts) > 0 ? [`Each line that is refused is in ${report}`] : []),
    ...(existsSync(ids) && !isTrial ? [`Who has a new id is in ${ids}`] : []),
    ...(admins > 0 ? [`Admins of the export, who are none here: ${admins}. latchkey admin grant makes them`] : []),
    ...(isTrial ? ['Nothing was changed'] : []),
  ]
}
