// Asks the product whether an account may be made (HOOK_BEFORE_SIGNUP), once a code or ticket is found right and before it is used.
import type { Endpoint } from '../config/event-settings.js'
import { newId } from '../database/ids.js'
import { Problem } from '../errors.js'
import { parseObject } from '../http/answer-text.js'
import type { Client, LogOrigin } from '../http/client.js'
import { createSignedPost, failureWord } from '../http/signed-post.js'
import type { Identifier } from '../identifiers/parser.js'
import { isHonest } from '../showing.js'
import { metadataFault } from '../users/metadata.js'

/** Milliseconds that people wait for it at the most. */
const timeout = 2_000
/** Bytes of an answer. */
const maxAnswer = 8_192
/** Requests at once, of one replica; others wait within the same two seconds. */
const mostAtOnce = 16

/** Who is about to sign up. */
export type Newcomer = Readonly<{
  identifier: Identifier
  /** known in the mobile flow alone */
  userName: string | null
  /** BCP 47 */
  locale: string | null
}>

/** What it says of an account that may be made: JSON, for the decision that makes it. */
export type Admission = Readonly<{ isAdmitted: true; publicMetadata: string | null }>

export type HookTelemetry = Readonly<{ kind: 'allowed' | 'refused' }> | Readonly<{ kind: 'failed'; reason: string }>

type Verdict =
  | Readonly<{ kind: 'allowed'; metadata: object | null }>
  | Readonly<{ kind: 'refused'; message: string | undefined }>
  | Readonly<{ kind: 'failed'; reason: string; hasWaited: boolean }>

type BeforeSignupDependencies = {
  /** null where nobody is asked */
  endpoint: Endpoint | null
  /** whether the account is made where there is no answer */
  failsOpen: boolean
  onTelemetry: (origin: LogOrigin, event: HookTelemetry) => void
}

export class BeforeSignup {
  readonly #dependencies: BeforeSignupDependencies
  readonly #post = createSignedPost({ timeout, maxAnswer })
  /** what is being asked, by what is said of the newcomer: a code that is shown again meanwhile takes no second place */
  readonly #asked = new Map<string, Promise<Verdict>>()
  #free = mostAtOnce
  /** who waits for a place, the first one first */
  readonly #waiting = new Set<(isFree: boolean) => void>()

  constructor(dependencies: BeforeSignupDependencies) {
    this.#dependencies = dependencies
  }

  /** Whether somebody is asked: the setting of the decisions. */
  get isAsked(): boolean {
    return this.#dependencies.endpoint !== null
  }

  /** @throws Problem `signup_refused`; `service_unavailable` where there is no answer */
  async ask(newcomer: Newcomer, client: Client): Promise<Admission> {
    const { failsOpen, onTelemetry } = this.#dependencies
    const verdict = await this.#verdictOn(newcomer, client)
    onTelemetry(client, verdict.kind === 'failed' ? { kind: 'failed', reason: verdict.reason } : { kind: verdict.kind })
    if (verdict.kind === 'refused') {
      throw new Problem('signup_refused', verdict.message === undefined ? {} : { errors: [verdict.message] })
    }
    // Where others took the places, it had no two seconds to answer in: else those who are refused would get in by coming in numbers.
    if (verdict.kind === 'failed' && (!failsOpen || verdict.hasWaited))
      throw new Problem('service_unavailable', { retryAfter: 2 })
    const metadata = verdict.kind === 'allowed' ? verdict.metadata : null
    return { isAdmitted: true, publicMetadata: metadata && JSON.stringify(metadata) }
  }

  #verdictOn({ identifier, userName, locale }: Newcomer, { network }: Client): Promise<Verdict> {
    const said = JSON.stringify({
      method: identifier.method,
      [identifier.method]: identifier.identifier,
      country: identifier.method === 'phone' ? identifier.country : null,
      user_name: userName,
      locale,
      network,
    })
    const asked = this.#asked.get(said) ?? this.#inquire(said).finally(() => this.#asked.delete(said))
    this.#asked.set(said, asked)
    return asked
  }

  async #inquire(data: string): Promise<Verdict> {
    const { endpoint } = this.#dependencies
    /* c8 ignore next -- the decisions ask for it only where there is one */
    if (endpoint === null) throw new Error('there is no hook to ask')
    const signal = AbortSignal.timeout(timeout)
    const hasWaited = this.#free === 0
    if (!(await this.#takePlace(signal))) return { kind: 'failed', reason: 'too many at once', hasWaited }
    const body = `{"type":"signup.requested","timestamp":"${new Date().toISOString()}","data":${data}}`
    const verdict = await this.#post
      .ask(endpoint, { id: `msg_${newId()}`, body }, signal)
      .then(({ status, text }) => (status === 200 ? readVerdict(text) : failed(`answered ${status}`)))
      .catch((error: unknown) => failed(failureWord(error)))
      .finally(() => this.#leavePlace())
    return verdict.kind === 'failed' ? { ...verdict, hasWaited } : verdict
  }

  /**
   * Not the client's queue of connections: that one gives nobody up whose time is over, before it has got a connection for them.
   * @return whether there was a place in time
   */
  async #takePlace(signal: AbortSignal): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1
      return true
    }
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      const giveUp = () => resolve(!this.#waiting.delete(resolve))
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  #leavePlace(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#waiting.delete(next)
    next(true)
  }

  close(): Promise<void> {
    return this.#post.close()
  }
}

const failed = (reason: string): Verdict & { kind: 'failed' } => ({ kind: 'failed', reason, hasWaited: false })

/** `{allow: true, public_metadata?}` or `{allow: false, message?}`; anything else is no answer. */
function readVerdict(text: string): Verdict {
  const { allow, message, public_metadata: metadata = null } = parseObject(text)
  if (allow === false) {
    const isForPeople = typeof message === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(message) && isHonest(message)
    return { kind: 'refused', message: isForPeople ? message : undefined }
  }
  if (allow !== true) return failed('no verdict')
  const fault = metadata === null ? undefined : metadataFault(metadata)
  if (fault !== undefined) return failed(`public_metadata ${fault}`)
  return { kind: 'allowed', metadata: metadata as object | null }
}
