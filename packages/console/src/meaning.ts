// What events and messages are called in words, and what to do about them. What is not known here is told by its raw name.
import type { Happening, Message } from './api.js'
import type { Words } from './locales/en.js'

const events: Readonly<Record<string, keyof Words>> = {
  authn_login_success: 'ev_login',
  authn_login_fail: 'ev_fail',
  authn_login_lock: 'ev_lock',
  authn_token_created: 'ev_token',
  authn_token_reuse: 'ev_reuse',
  authz_change: 'ev_role',
  authz_admin: 'ev_admin',
  authz_fail: 'ev_denied',
  excess_rate_limit_exceeded: 'ev_limit',
  sensitive_read: 'ev_read',
  session_logout: 'ev_logout',
  user_created: 'ev_created',
  user_updated: 'ev_updated',
}

/** The word for an event; null where there is none. */
export function nameOfEvent({ event, detail }: Pick<Happening, 'event' | 'detail'>, words: Words): string | null {
  if (event === 'authn_token_created' && detail?.startsWith('otp')) return words.ev_code
  const key = Object.hasOwn(events, event) ? events[event] : undefined
  return key === undefined ? null : words[key]
}

/** Limits by the names that the trail has for them (prisma/functions/send_code.sql). */
const limits: Readonly<Record<string, keyof Words>> = {
  identifier: 'l_identifier',
  address: 'l_network',
  block: 'l_network',
  mailbox: 'l_mailbox',
  domain: 'l_mailbox',
  budget: 'l_budget',
  country: 'l_country',
  refusals: 'l_refusals',
}

export type Tone = 'good' | 'bad' | 'plain'
export type Meaning = { name: string; advice: string | null; tone: Tone }

/** What became of a message, and what to do. */
export function meaningOfMessage({ outcome, detail, receipts }: Message, words: Words): Meaning {
  const receipt = receipts.at(-1)
  if (outcome === 'limited') {
    const limit = /^send: (\w+)/.exec(detail ?? '')?.[1] ?? ''
    const key = Object.hasOwn(limits, limit) ? limits[limit] : undefined
    return { name: words.m_limited, advice: words[key ?? 'l_other'], tone: 'bad' }
  }
  if (outcome === 'refused') return { name: words.m_refused, advice: adviceOn(detail, words), tone: 'bad' }
  if (receipt?.status === 'failed')
    return { name: words.m_failed, advice: adviceOn(receipt.detail, words), tone: 'bad' }
  if (receipt?.status === 'delivered') return { name: words.m_delivered, advice: null, tone: 'good' }
  return { name: outcome === 'accepted' ? words.m_sent : words.m_unknown, advice: null, tone: 'plain' }
}

const adviceOn = (detail: string | null, words: Words) =>
  /opted_out|\b21610\b|\bSTOP\b/.test(detail ?? '') ? words.a_stop : words.a_failed
