// The settings of codes: how they look, how long they live, how often they are sent and guessed.
import type { SettingReader } from './reader.js'
import { parseSecret, refuseWeakSecret } from './secrets.js'

export function parseOtpSettings(read: SettingReader) {
  const echo = read.flag('OTP_ECHO')
  if (echo && read.mode === 'production') read.report('OTP_ECHO', 'must not be on outside development and test')
  const peppers = [parseSecret(read, 'OTP_PEPPER'), read.text('OTP_PEPPER_PREVIOUS')]
  if (peppers[1] !== undefined) refuseWeakSecret(read, 'OTP_PEPPER_PREVIOUS', peppers[1])
  const codes = parseCodeSettings(read)
  return {
    echo,
    /** the current one first; of the other, the one before or the next, codes are accepted and none is made */
    peppers: peppers.filter((pepper) => pepper !== undefined),
    ...codes,
    maxAttempts: read.integer('OTP_MAX_ATTEMPTS'),
    /** seconds before the first resend; it doubles with each further one */
    resendCooldown: read.duration('OTP_RESEND_COOLDOWN'),
    maxSendsPerHour: read.integer('OTP_MAX_SENDS_PER_HOUR'),
    maxSendsPerDay: read.integer('OTP_MAX_SENDS_PER_DAY'),
    maxFailuresPerDay: read.integer('OTP_MAX_FAILURES_PER_DAY'),
    testCodes: parseTestCodes(read, codes.length),
  }
}

/** What a code is like, which is all that some commands ask. */
export function parseCodeSettings(read: SettingReader) {
  return {
    length: read.integer('OTP_LENGTH'),
    /** seconds */
    timeToLive: read.duration('OTP_TTL'),
  }
}

// The key under which the database recognises people in events and addresses in counters, longer than a pepper of codes lives.

/** @param peppers of codes, the current one first: it has this task too where no key is set */
export function parseEventKey(read: SettingReader, [pepper = '']: readonly string[]) {
  const own = read.text('EVENT_KEY')
  if (own !== undefined) refuseWeakSecret(read, 'EVENT_KEY', own)
  return {
    value: own ?? pepper,
    /** false where it changes with the pepper */
    isOwn: own !== undefined,
  }
}

// The setting of fixed codes for reviewers of app stores: `+919999900001:123456@2027-01-31,reviewer@example.com:…`.

const most = 10
const millisecondsOfDay = 86_400_000

export type TestCodeSetting = Readonly<{
  /** as written; whether it is canonical, and accepted, the identifier parser says */
  identifier: string
  code: string
  /** the end of its last day (UTC) */
  endsAt: Date
}>

export function parseTestCodes(read: SettingReader, length: number): readonly TestCodeSetting[] {
  const items = read.written('TEST_OTPS')?.split(',') ?? []
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
