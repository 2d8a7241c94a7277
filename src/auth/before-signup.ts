// Asks the product whether an account may be made (HOOK_BEFORE_SIGNUP), once a code or ticket is found right and before it is used.
import type { Endpoint } from '../config/event-settings.js'
import { newId } from '../database/ids.js'
import { Problem } from '../errors.js'
import type { Client, LogOrigin } from '../http/client.js'
import { createSignedPost, failureOf } from '../http/signed-post.js'
import type { Identifier } from '../identifiers/parser.js'
import { metadataFault } from '../users/metadata.js'

/** Milliseconds that people wait for it at the most. */
const timeout = 2_000
/** Bytes of an answer. */
const maxAnswer = 8_192
/** Requests at once; others wait within the same two seconds. */
const connections = 16

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
  | Readonly<{ kind: 'failed'; reason: string }>

type BeforeSignupDependencies = {
  /** null where nobody is asked */
  endpoint: Endpoint | null
  /** whether the account is made where there is no answer */
  failsOpen: boolean
  onTelemetry: (origin: LogOrigin, event: HookTelemetry) => void
}

export class BeforeSignup {
  readonly #dependencies: BeforeSignupDependencies
  readonly #post = createSignedPost({ timeout, isFirm: true, maxAnswer, connections })

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
    onTelemetry(client, verdict.kind === 'failed' ? verdict : { kind: verdict.kind })
    if (verdict.kind === 'refused') {
      throw new Problem('signup_refused', verdict.message === undefined ? {} : { errors: [verdict.message] })
    }
    if (verdict.kind === 'failed' && !failsOpen) throw new Problem('service_unavailable', { retryAfter: 2 })
    const metadata = verdict.kind === 'allowed' ? verdict.metadata : null
    return { isAdmitted: true, publicMetadata: metadata && JSON.stringify(metadata) }
  }

  async #verdictOn({ identifier, userName, locale }: Newcomer, { network }: Client): Promise<Verdict> {
    const { endpoint } = this.#dependencies
    /* c8 ignore next -- the decisions ask for it only where there is one */
    if (endpoint === null) throw new Error('there is no hook to ask')
    const data = {
      method: identifier.method,
      [identifier.method]: identifier.identifier,
      country: identifier.method === 'phone' ? identifier.country : null,
      user_name: userName,
      locale,
      network,
    }
    const body = JSON.stringify({ type: 'signup.requested', timestamp: new Date().toISOString(), data })
    try {
      const answer = await this.#post.post(endpoint, { id: `msg_${newId()}`, body })
      const text = await answer.text()
      return answer.status === 200 ? readVerdict(text) : { kind: 'failed', reason: `answered ${answer.status}` }
    } catch (error) {
      return { kind: 'failed', reason: failureOf(error) }
    }
  }

  close(): Promise<void> {
    return this.#post.close()
  }
}

/** `{allow: true, public_metadata?}` or `{allow: false, message?}`; anything else is no answer. */
function readVerdict(text: string): Verdict {
  const { allow, message, public_metadata: metadata = null } = parseObject(text)
  if (allow === false) {
    const isForPeople = typeof message === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(message)
    return { kind: 'refused', message: isForPeople ? message : undefined }
  }
  if (allow !== true) return { kind: 'failed', reason: 'no verdict' }
  const fault = metadata === null ? undefined : metadataFault(metadata)
  if (fault !== undefined) return { kind: 'failed', reason: `public_metadata ${fault}` }
  return { kind: 'allowed', metadata: metadata as object | null }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}
