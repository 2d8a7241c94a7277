// The rules of codes, as the contract tells them (§6): what is kept of the codes of one identifier, for one purpose, on one
// trusted device or on none, and what a send and a guess do to it. Pure: the time is an argument, in seconds.

export const rules = {
  /** seconds that a code is good after a send */
  timeToLive: 300,
  /** seconds after its making past which no resend brings a code (NIST SP 800-63B-4 §3.1.3.2) */
  maxLifetime: 600,
  guessesPerCode: 5,
  wrongGuessesPerDay: 20,
  sendsPerHour: 5,
  sendsPerDay: 10,
  /** sends a day that all trusted devices of the identifier have on top */
  sendsOnTop: 5,
  /** messages to it that the provider refused, after which none is tried in this hour */
  refusalsPerHour: 20,
  /** seconds between two sends, doubling with each one that is not followed by a success */
  cooldown: 30,
  maxCooldown: 300,
} as const

const [hour, day] = [3_600, 86_400]

/** A code without its digits, which the service makes: whoever runs the model looks them up. */
export type Code = Readonly<{ number: number }>

type Window = { startedAt: number; count: number }

/** @typeParam Session what a code to step up or to change an identifier is bound to: it works nowhere else */
export type Codes<Session> = {
  /** the live code; null where it was used, made void, or never went out */
  code: Code | null
  session: Session | null
  /** null where the next send makes a new code in any case */
  madeAt: number | null
  expiresAt: number
  isUsed: boolean
  guesses: number
  /** messages that carry this code */
  messages: number
  resendAt: number
  /** sends in a row without a success */
  streak: number
  /** the hour of sends in which the streak is counted */
  hourStartedAt: number
  wrongOfDay: Window
  /** sends of everybody are numbered: the last one is the largest */
  lastSend: number
}

/** What an identifier was sent, over all purposes and devices. */
export type Sends = { ofHour: Window; ofDay: Window; onTop: Window; refused: Window }

export type SendResult = Readonly<
  | { outcome: 'sent'; isOnTop: boolean; code: Code; expiresIn: number; resendAfter: number; guessesLeft: number }
  | { outcome: 'refused'; retryAfter: number }
>

/** Before the first send. */
export function noCodes<Session>(): Codes<Session> {
  return {
    ...{ code: null, session: null, madeAt: null, expiresAt: 0, isUsed: true, guesses: 0, messages: 0 },
    ...{ resendAt: 0, streak: 0, lastSend: 0, hourStartedAt: Number.NEGATIVE_INFINITY, wrongOfDay: empty() },
  }
}

export const noSends = (): Sends => ({ ofHour: empty(), ofDay: empty(), onTop: empty(), refused: empty() })

const empty = (): Window => ({ startedAt: Number.NEGATIVE_INFINITY, count: 0 })

const isOver = (window: Window, length: number, now: number) => window.startedAt + length <= now
const countIn = (window: Window, length: number, now: number) => (isOver(window, length, now) ? 0 : window.count)
const countUp = (window: Window, length: number, now: number): Window =>
  isOver(window, length, now) ? { startedAt: now, count: 1 } : { ...window, count: window.count + 1 }

/** When the window lets something happen again: now, unless its share is used up. */
const opensAt = (window: Window, length: number, most: number) => (window.count >= most ? window.startedAt + length : 0)

type Send<Session> = Readonly<{ next: Code; session: Session | null; now: number; isTrusted: boolean }>

/** When the identifier may be sent something, whatever for; trusted devices have some a day on top. */
function sendsAllowedAt({ ofHour, ofDay, onTop }: Sends, isTrusted: boolean): number {
  const forAll = Math.max(opensAt(ofHour, hour, rules.sendsPerHour), opensAt(ofDay, day, rules.sendsPerDay))
  return isTrusted ? Math.min(forAll, opensAt(onTop, day, rules.sendsOnTop)) : forAll
}

/**
 * Sends the live code again, or a new one, unless cooldown or counts say no. A success ends the cooldown, and starts its growth
 * anew: the next send is no resend (decision 4). Wrong guesses stay counted through it all.
 * `next` is the code to be sent where a new one is made, numbered like sends.
 */
export function send<Session>(
  kept: Codes<Session>,
  sends: Sends,
  { next, session, now, isTrusted }: Send<Session>,
): SendResult {
  const { cooldown, maxCooldown, wrongGuessesPerDay, guessesPerCode, refusalsPerHour } = rules
  const refusalsEnd = opensAt(sends.refused, hour, refusalsPerHour)
  if (refusalsEnd > now) return { outcome: 'refused', retryAfter: refusalsEnd - now }
  const end = Math.max(
    kept.isUsed ? 0 : kept.resendAt,
    opensAt(kept.wrongOfDay, day, wrongGuessesPerDay),
    sendsAllowedAt(sends, isTrusted),
  )
  if (end > now) return { outcome: 'refused', retryAfter: end - now }

  const isNoResend = kept.isUsed || kept.hourStartedAt + hour <= now
  const wait = isNoResend ? cooldown : Math.min(maxCooldown, cooldown * 2 ** kept.streak)
  const goesOn = canGoOn(kept, now)
  if (!goesOn) Object.assign(kept, { madeAt: now, guesses: 0, messages: 0, isUsed: false })
  // A session that did not ask for the code gets one of its own, in its place; the guesses made at it stay made (decision 12).
  if (!goesOn || kept.code === null || kept.session !== session) Object.assign(kept, { code: next, session })
  kept.messages += 1
  kept.expiresAt = Math.min(now + rules.timeToLive, (kept.madeAt ?? now) + rules.maxLifetime)
  kept.resendAt = now + wait
  kept.streak = isNoResend ? 1 : kept.streak + 1
  if (kept.hourStartedAt + hour <= now) kept.hourStartedAt = now
  kept.lastSend = next.number
  const isOnTop = sendsAllowedAt(sends, false) > now
  if (isOnTop) sends.onTop = countUp(sends.onTop, day, now)
  else Object.assign(sends, { ofHour: countUp(sends.ofHour, hour, now), ofDay: countUp(sends.ofDay, day, now) })
  return {
    outcome: 'sent',
    isOnTop,
    code: kept.code ?? next,
    expiresIn: kept.expiresAt - now,
    resendAfter: Math.max(kept.resendAt, sendsAllowedAt(sends, isTrusted)) - now,
    guessesLeft: Math.min(guessesPerCode - kept.guesses, wrongGuessesPerDay - countIn(kept.wrongOfDay, day, now)),
  }
}

/** A resend is the same code while that is live, and while it would leave at least half of its time (decision 10). */
function canGoOn<Session>({ madeAt, isUsed, expiresAt, guesses }: Codes<Session>, now: number): boolean {
  if (madeAt === null || isUsed || expiresAt <= now || guesses >= rules.guessesPerCode) return false
  return madeAt + rules.maxLifetime > now + rules.timeToLive / 2
}

/** The provider refused the message: cooldown and counts are as before it, and the code is good only if an earlier one has it. */
export function returnSend<Session>(kept: Codes<Session>, sends: Sends, isOnTop: boolean, now: number): void {
  if (kept.messages === 1) Object.assign(kept, { code: null, madeAt: null })
  const less = (window: Window): Window => ({ ...window, count: window.count - 1 })
  kept.messages -= 1
  kept.resendAt = now
  kept.streak = Math.max(0, kept.streak - 1)
  if (isOnTop) sends.onTop = less(sends.onTop)
  else Object.assign(sends, { ofHour: less(sends.ofHour), ofDay: less(sends.ofDay) })
  sends.refused = countUp(sends.refused, hour, now)
}

/**
 * Evaluates a guess; a right one uses the code up. Nothing is counted where there is nothing to guess at: never sent, used, ended,
 * out of guesses, locked. The answer is the same.
 */
export function guess<Session>(kept: Codes<Session>, code: Code | null, session: Session | null, now: number): boolean {
  const isLocked = countIn(kept.wrongOfDay, day, now) >= rules.wrongGuessesPerDay
  if (kept.isUsed || kept.expiresAt <= now || kept.guesses >= rules.guessesPerCode || isLocked) return false
  kept.guesses += 1
  const isRight = code !== null && code === kept.code && session === kept.session
  if (isRight) Object.assign(kept, { code: null, madeAt: null, isUsed: true })
  else kept.wrongOfDay = countUp(kept.wrongOfDay, day, now)
  return isRight
}
