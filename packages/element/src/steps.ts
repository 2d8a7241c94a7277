// The steps of a sign-in and what leads from one to the next: no DOM, no network, no clock.
import type { Problem } from './problems.js'

export type Flow = 'identifier' | 'mobile'
export type Method = 'phone' | 'email'
/** Whose code it is. `shown` is for people. */
export type Who =
  | { method: 'phone'; phonePrefix: string; phone: string; shown: string }
  | { method: 'email'; email: string; shown: string }
/** Times are milliseconds of the clock of this device. */
export type Sent = { resendAt: number; endsAt: number; attempts: number }
export type Person = { user_name: string | null; phone: string | null; email: string | null }

export type Step =
  /** whether somebody is signed in is being asked */
  | { name: 'checking' }
  | { name: 'present'; user: Person }
  | { name: 'identify' }
  | { name: 'code'; who: Who; sent: Sent }
  | { name: 'signup'; who: Who }
  /** the number may have been somebody else's: `waitUntil` once a new account was asked for */
  | { name: 'recycled'; who: Who; recycleToken: string; waitUntil: number | null }
  /** signed in by a code, and offered a passkey for the next time */
  | { name: 'offer'; user: Person; isNewUser: boolean }
  | { name: 'done'; user: Person; isNewUser: boolean }

/** `passkey`: the browser asks for one, and whatever the person does on the page instead ends that */
export type Busy = 'sending' | 'solving' | 'verifying' | 'saving' | 'passkey' | null
export type State = {
  step: Step
  busy: Busy
  problem: Problem | null
  /** what is to be said at the first step, beside what went wrong */
  notice: 'deleted' | null
  method: Method
  /** the last one that got a code, which may still be good */
  last: { who: Who; sent: Sent } | null
  /** the proof of the first identifier, where the other one is asked for */
  recycleToken: string | null
  /** how often a code was sent again in this step, so that it can be told */
  resent: number
}

export type Event =
  | { type: 'nobody' }
  | { type: 'present'; user: Person }
  | { type: 'method'; method: Method }
  | { type: 'busy'; busy: Busy }
  /** something else is in the field: what was wrong with it is over */
  | { type: 'typed' }
  | { type: 'sent'; who: Who; sent: Sent }
  /** the code of the last send is asked for again, without another one */
  | { type: 'have-code'; who: Who; now: number }
  | { type: 'signed-in'; user: Person; isNewUser: boolean }
  | { type: 'offer'; user: Person; isNewUser: boolean }
  | { type: 'failed'; problem: Problem }
  | { type: 'start-over'; problem?: Problem; notice?: 'deleted' }
  | EventOfStep

type EventOfStep =
  | { type: 'ended' }
  | { type: 'new-number' }
  | { type: 'recycled'; recycleToken: string }
  | { type: 'new-account'; waitUntil: number }
  | { type: 'prove-other' }

export const start: State = {
  step: { name: 'checking' },
  busy: null,
  problem: null,
  notice: null,
  method: 'phone',
  last: null,
  recycleToken: null,
  resent: 0,
}

/** What the service allows by default (contract §6), where a code is entered of which this page knows no send. */
const unknownSend = (now: number): Sent => ({ resendAt: now, endsAt: now + 300_000, attempts: 5 })

const beginning = { step: { name: 'identify' }, recycleToken: null } as const

export function next(state: State, event: Event): State {
  const calm = { ...state, busy: null, problem: null }
  switch (event.type) {
    case 'nobody':
      return { ...calm, step: { name: 'identify' } }
    case 'present':
      return { ...calm, step: { name: 'present', user: event.user } }
    case 'method':
      return { ...calm, method: event.method }
    case 'busy':
      return { ...state, busy: event.busy, problem: event.busy === null ? state.problem : null }
    case 'typed':
      return state.problem === null || isLasting(state.problem) ? state : { ...state, problem: null }
    case 'sent':
      return sent(calm, event.who, event.sent)
    case 'have-code': {
      const known = state.last && isSame(state.last.who, event.who) ? state.last.sent : unknownSend(event.now)
      return { ...sent(calm, event.who, known), resent: 0 }
    }
    case 'signed-in': {
      const step = { name: 'done', user: event.user, isNewUser: event.isNewUser } as const
      return { ...calm, step, last: null, recycleToken: null }
    }
    case 'offer':
      return { ...calm, step: { name: 'offer', user: event.user, isNewUser: event.isNewUser } }
    case 'failed':
      return failed(state, event.problem)
    case 'start-over':
      return { ...calm, ...beginning, problem: event.problem ?? null, notice: event.notice ?? null }
    default:
      return nextOfStep(state, event)
  }
}

/** What means something in one step alone: answers come late, and people go on meanwhile. */
function nextOfStep(state: State, event: EventOfStep): State {
  const { step } = state
  const calm = { ...state, busy: null, problem: null }
  if (step.name === 'recycled') {
    if (event.type === 'new-account') return { ...calm, step: { ...step, waitUntil: event.waitUntil } }
    return event.type === 'prove-other' ? proveOther(calm, step) : state
  }
  if (step.name !== 'code') return state
  const { who } = step
  if (event.type === 'ended') return state.busy === null ? { ...state, problem: { kind: 'code_ended' } } : state
  if (event.type === 'new-number') return { ...calm, step: { name: 'signup', who }, last: null }
  if (event.type !== 'recycled') return state
  return { ...calm, step: { name: 'recycled', who, recycleToken: event.recycleToken, waitUntil: null }, last: null }
}

function sent(state: State, who: Who, sent: Sent): State {
  const isAgain = state.step.name === 'code' && isSame(state.step.who, who)
  const step = { name: 'code', who, sent } as const
  return { ...state, step, last: { who, sent }, resent: isAgain ? state.resent + 1 : 0, notice: null }
}

function proveOther(state: State, step: Extract<Step, { name: 'recycled' }>): State {
  const method = step.who.method === 'phone' ? 'email' : 'phone'
  return { ...state, step: { name: 'identify' }, method, recycleToken: step.recycleToken }
}

/** A code that is over stays so, whatever is typed. */
const isLasting = ({ kind }: Problem) => kind === 'code_ended' || kind === 'code_spent'

/** A wrong code is one guess less; the last one ends the code. */
function failed(state: State, problem: Problem): State {
  const still = { ...state, busy: null, problem }
  if (problem.kind !== 'otp_invalid' || state.step.name !== 'code') return still
  const attempts = Math.max(0, state.step.sent.attempts - 1)
  const step = { ...state.step, sent: { ...state.step.sent, attempts } }
  const told: Problem = attempts === 0 ? { kind: 'code_spent' } : { ...problem, attempts }
  return { ...still, step, problem: told, last: { who: step.who, sent: step.sent } }
}

export function isSame(one: Who, other: Who): boolean {
  if (one.method === 'email') return other.method === 'email' && one.email === other.email
  return other.method === 'phone' && one.phonePrefix === other.phonePrefix && one.phone === other.phone
}
