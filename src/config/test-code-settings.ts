// The setting of fixed codes for reviewers of app stores: `+919999900001:123456@2027-01-31,reviewer@example.com:…`.
import type { SettingReader } from './reader.js'

const most = 10
const millisecondsOfDay = 86_400_000

export type TestCodeSetting = Readonly<{
  /** as written; whether it is canonical, and accepted, the identifier parser says */
  identifier: string
  code: string
  /** the end of its last day (UTC) */
  endsAt: Date
}>

export function readTestCodes(read: SettingReader, length: number): readonly TestCodeSetting[] {
  const items = read.text('TEST_OTPS')?.split(',') ?? []
  const testCodes = items.map((item) => parse(item.trim(), length)).filter((testCode) => testCode !== null)
  const identifiers = new Set(testCodes.map(({ identifier }) => identifier))
  if (identifiers.size === items.length && items.length <= most) return testCodes
  const form = `IDENTIFIER:CODE@LAST-DAY, the code of ${length} digits, the day as 2027-01-31`
  read.report('TEST_OTPS', `must be a comma-separated list of at most ${most} of ${form}, each identifier once`)
  return []
}

function parse(item: string, length: number): TestCodeSetting | null {
  const [, identifier, code, day] = /^(.+):([0-9]+)@(\d{4}-\d\d-\d\d)$/.exec(item) ?? []
  const lastDay = new Date(`${day}T00:00:00Z`)
  if (identifier === undefined || code?.length !== length || !isDay(lastDay, day)) return null
  return { identifier, code, endsAt: new Date(lastDay.getTime() + millisecondsOfDay) }
}

/** Whether the calendar has that day: a 30th of February is read as a day in March, a 32nd of January as none. */
function isDay(date: Date, written: string | undefined): boolean {
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === written
}
