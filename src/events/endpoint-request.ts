// One request that tells an endpoint of an event, and what came of it: taken, refused for this event's sake, or a fault of the endpoint, of
// which the next event would hear too.
import type { Endpoint } from '../config/event-settings.js'
import { failureWord, type SignedPost } from '../http/signed-post.js'
import type { TakenEvent } from './endpoint-queue.js'
import { eventId, serializeEvent } from './event.js'

export type Outcome =
  | Readonly<{ kind: 'taken' }>
  /** this event is: another one may be taken */
  | Readonly<{ kind: 'refused'; reason: string }>
  | Fault
  /** by this replica, which stops */
  | Readonly<{ kind: 'broken_off' }>

/** Nothing is taken there, or nothing heard from there. `retryAfter`: seconds for which it wants to be left alone. */
export type Fault = Readonly<{ kind: 'fault'; reason: string; retryAfter?: number | undefined }>

type RequestOptions = {
  endpoint: Endpoint
  post: SignedPost
  tellsIdentifiers: boolean
  /** aborted where this replica stops */
  stopping: AbortSignal
}

/** Rejects never. */
export async function tellOf(
  event: TakenEvent,
  { endpoint, post, tellsIdentifiers, stopping }: RequestOptions,
): Promise<Outcome> {
  try {
    const { status, retryAfter } = await post.tell(endpoint, messageOf(event, tellsIdentifiers))
    if (status >= 200 && status < 300) return { kind: 'taken' }
    const reason = `answered ${status}`
    // 429 without a time is as often said of one user's share.
    const isFault = status >= 500 || (status === 429 && retryAfter !== undefined)
    return isFault ? { kind: 'fault', reason, retryAfter } : { kind: 'refused', reason }
  } catch (error) {
    const reason = failureWord(error)
    return stopping.aborted && reason === 'UND_ERR_DESTROYED' ? { kind: 'broken_off' } : { kind: 'fault', reason }
  }
}

function messageOf({ phone, email, ...event }: TakenEvent, tellsIdentifiers: boolean) {
  const identifiers = tellsIdentifiers ? { phone, email } : undefined
  const row = { ...event, position: BigInt(event.position), identifiers }
  return { id: eventId(row), body: JSON.stringify(serializeEvent(row)) }
}
