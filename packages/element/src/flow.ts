// What a sign-in does: calls of the client, and what their answers mean for the steps.
import type { Client, SignupForm, User } from './client.js'
import { isCancelled, isThere, type Passkeys, recall, remember } from './passkeys.js'
import { problemOf } from './problems.js'
import { type Event, type Flow, isSame, next, type Person, type State, start, type Who } from './steps.js'

export type SignInOptions = {
  client: Client
  flow: Flow
  onSignedIn: (user: User, isNewUser: boolean) => void
  onError: (error: unknown) => void
  /** What is left to do for somebody who is signed in, such as asking for the way back; false where the person would rather not. */
  finish?: ((client: Client, user: User) => Promise<boolean>) | undefined
  /** Runs what asks for a recent proof; false where the person would rather not. */
  proven?: (client: Client, user: User, run: () => Promise<boolean>) => Promise<boolean>
  /** null where the service has no passkeys, or the browser none */
  passkeys?: () => Promise<Passkeys | null>
  /** milliseconds */
  now?: () => number
}

export type Channel = 'voice'

export class SignIn {
  #options: SignInOptions
  readonly #listeners = new Set<(state: State, before: State) => void>()
  readonly #now: () => number
  #state: State = start
  #passkeys: Passkeys | null = null
  #autofill = new AbortController()
  /** ends with the element, or with whatever the person does next */
  #work = new AbortController()
  /** the work in which the browser asks for a passkey, as it may still do when the person went on to something else */
  #asking: AbortController | null = null

  constructor(options: SignInOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  get state(): State {
    return this.#state
  }

  onChange(listener: (state: State, before: State) => void): void {
    this.#listeners.add(listener)
  }

  /** The next calls go by this client: one of another language. */
  use(client: Client): void {
    this.#options = { ...this.#options, client }
  }

  dispatch(event: Event): void {
    const before = this.#state
    this.#state = next(before, event)
    if (this.#state !== before) for (const listener of this.#listeners) listener(this.#state, before)
  }

  /** Looks whether somebody is signed in already. */
  async begin(mayBeSignedIn: boolean): Promise<void> {
    const asking = mayBeSignedIn ? this.#options.client.me({ signal: this.#work.signal }) : Promise.resolve(null)
    const [user, passkeys] = await Promise.all([
      asking.catch(() => null),
      this.#options.passkeys?.().catch(() => null) ?? null,
    ])
    this.#passkeys = passkeys
    this.dispatch(user === null ? { type: 'nobody' } : { type: 'present', user })
  }

  /** Whether somebody can sign in with a passkey here. */
  get hasPasskeys(): boolean {
    return this.#passkeys !== null
  }

  /** Signs in with a passkey that the person chooses. */
  signInByPasskey(): Promise<void> {
    const passkeys = this.#passkeys
    if (passkeys === null) return Promise.resolve()
    return this.#doing('passkey', async (signal) => {
      this.#autofill.abort()
      const { user } = await passkeys.signIn({ signal }).catch((error: unknown) => {
        // What this device has opens nothing any more: a code comes first again, and then the offer of a new one.
        if (Object(error).code === 'passkey_invalid') remember(null)
        throw error
      })
      remember('has')
      await this.#conclude(user, false)
    }).finally(() => {
      // Who would rather not may still choose one in the field.
      if (this.#state.step.name === 'identify') void this.waitForPasskey()
    })
  }

  /** Waits for a passkey that is chosen in a field's autofill, until the step is another one. */
  async waitForPasskey(): Promise<void> {
    const passkeys = this.#passkeys
    this.#autofill.abort()
    this.#autofill = new AbortController()
    const { signal } = this.#autofill
    if (passkeys === null || !(await passkeys.canAutofill()) || signal.aborted) return
    // Whatever goes wrong here nobody has asked for.
    const signedIn = await passkeys.signIn({ autofill: true, signal }).catch(() => null)
    if (signedIn === null || signal.aborted) return
    remember('has')
    await this.#doing('verifying', () => this.#conclude(signedIn.user, false))
  }

  stopWaiting(): void {
    this.#autofill.abort()
  }

  /** Takes the offer of a passkey. */
  createPasskey(): Promise<void> {
    const { step } = this.#state
    const passkeys = this.#passkeys
    if (step.name !== 'offer' || passkeys === null) return Promise.resolve()
    const user = step.user as User
    return this.#doing('passkey', async (signal) => {
      const register = async () => {
        await passkeys.register({ signal }).catch((error: unknown) => {
          if (!isThere(error)) throw error
        })
        return true
      }
      const { proven, client } = this.#options
      // An offer may be left open for longer than a proof is recent.
      if (!(await (proven ? proven(client, user, register) : register()))) return
      remember('has')
      await this.#conclude(user, step.isNewUser)
    })
  }

  /** Turns it down, for good on this device. */
  declinePasskey(): Promise<void> {
    const { step } = this.#state
    if (step.name !== 'offer') return Promise.resolve()
    remember('declined')
    return this.#doing('saving', () => this.#conclude(step.user as User, step.isNewUser))
  }

  /** Sends a code. Somebody who just got one and came back goes on with it. */
  async send(who: Who): Promise<void> {
    const { last, recycleToken, step } = this.#state
    const isComingBack = step.name !== 'code' && recycleToken === null && last && isSame(last.who, who)
    if (isComingBack && this.#now() < last.sent.resendAt) {
      return this.dispatch({ type: 'have-code', who, now: this.#now() })
    }
    await this.#send(who)
  }

  /** Sends the code of this step again, also by another channel. */
  async resend(channel?: Channel): Promise<void> {
    const { step } = this.#state
    if (step.name === 'code') await this.#send(step.who, channel)
  }

  #send(who: Who, channel?: Channel): Promise<void> {
    return this.#doing('sending', async (signal) => {
      const { client, flow } = this.#options
      const more = channel === undefined ? {} : { channel }
      const isMobile = flow === 'mobile' && who.method === 'phone'
      const sent = isMobile
        ? await client.mobile.sendOtp({ mobile_number: who.phone, ...more }, { signal })
        : await client.identifier.requestOtp({ ...bodyOf(who), ...more }, { signal })
      const now = this.#now()
      const { resend_after, expires_in, attempts_allowed } = sent
      const times = { resendAt: now + resend_after * 1_000, endsAt: now + expires_in * 1_000 }
      this.dispatch({ type: 'sent', who, sent: { ...times, attempts: attempts_allowed } })
    })
  }

  verify(otp: string): Promise<void> {
    const { step, recycleToken } = this.#state
    if (step.name !== 'code') return Promise.resolve()
    return this.#doing('verifying', async (signal) => {
      const { who } = step
      const { client, flow } = this.#options
      const proof = recycleToken === null ? { otp } : { otp, recycle_token: recycleToken }
      if (flow === 'mobile' && who.method === 'phone') {
        const answer = await client.mobile.verifyOtp({ mobile_number: who.phone, ...proof }, { signal })
        if (answer.isNewUser) return this.dispatch({ type: 'new-number' })
        return this.#signedIn(answer.user, false)
      }
      const { user, isNewUser } = await client.identifier.verifyOtp({ ...bodyOf(who), ...proof }, { signal })
      await this.#signedIn(user, isNewUser)
    })
  }

  signup(form: Omit<SignupForm, 'mobile_number' | 'signup_token'>): Promise<void> {
    const { step } = this.#state
    if (step.name !== 'signup' || step.who.method !== 'phone') return Promise.resolve()
    const mobile_number = step.who.phone
    return this.#doing('saving', async (signal) => {
      const { user } = await this.#options.client.mobile.signup({ mobile_number, ...form }, { signal })
      await this.#signedIn(user, true)
    })
  }

  askForNewAccount(): Promise<void> {
    const { step } = this.#state
    if (step.name !== 'recycled') return Promise.resolve()
    return this.#doing('saving', async (signal) => {
      const { retry_after } = await this.#options.client.identifier.askForNewAccount(step.recycleToken, { signal })
      this.dispatch({ type: 'new-account', waitUntil: this.#now() + retry_after * 1_000 })
    })
  }

  /** Goes on with the session that is there. */
  goOn(user: Person): Promise<void> {
    return this.#doing('saving', async () => {
      const { finish, client } = this.#options
      if (finish && !(await finish(client, user as User))) return
      this.#welcome(user as User, false)
    })
  }

  /** Ends the session, and begins anew. */
  signOut(): Promise<void> {
    return this.#doing('saving', async (signal) => {
      await this.#options.client.logout({ signal })
      this.dispatch({ type: 'start-over' })
    })
  }

  startOver(): void {
    this.#work.abort()
    this.dispatch({ type: 'start-over' })
  }

  end(): void {
    this.#work.abort()
    this.#autofill.abort()
    this.#listeners.clear()
  }

  /** Signed in by a code: a passkey is offered, once on a device, where it can make one by itself. */
  async #signedIn(user: User, isNewUser: boolean): Promise<void> {
    const isOffered = this.#passkeys !== null && recall() === null && (await this.#passkeys.canCreate())
    if (isOffered) this.dispatch({ type: 'offer', user, isNewUser })
    else await this.#conclude(user, isNewUser)
  }

  async #conclude(user: User, isNewUser: boolean): Promise<void> {
    this.#welcome(user, isNewUser)
    const { finish, client } = this.#options
    // The code is used up: what fails now is tried again as who is signed in.
    const isFinished = await finish?.(client, user).catch((error: unknown) => {
      this.dispatch({ type: 'present', user })
      throw error
    })
    if (isFinished === false) this.dispatch({ type: 'present', user })
  }

  #welcome(user: User, isNewUser: boolean): void {
    this.dispatch({ type: 'signed-in', user, isNewUser })
    this.#options.onSignedIn(user, isNewUser)
  }

  /** Runs one thing at a time, and tells what went wrong unless the person went on to something else. */
  async #doing(busy: NonNullable<State['busy']>, task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#state.busy !== null && this.#state.busy !== 'passkey') return
    this.#asking?.abort()
    this.#work = new AbortController()
    this.#asking = busy === 'passkey' ? this.#work : null
    const { signal } = this.#work
    this.dispatch({ type: 'busy', busy })
    try {
      await task(signal)
      if (this.#state.busy === busy) this.dispatch({ type: 'busy', busy: null })
    } catch (error) {
      if (!signal.aborted) this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (isCancelled(error)) {
      this.dispatch({ type: 'busy', busy: null })
      return
    }
    const { code, recycleToken, retryAfter } = Object(error)
    const isRecycled = code === 'second_proof_required' && typeof recycleToken === 'string'
    if (isRecycled) {
      this.dispatch({ type: 'recycled', recycleToken })
      if (typeof retryAfter === 'number') {
        this.dispatch({ type: 'new-account', waitUntil: this.#now() + retryAfter * 1_000 })
      }
      return
    }
    const problem = problemOf(error)
    const isOver = code === 'verification_required' && this.#state.step.name === 'signup'
    this.dispatch(isOver ? { type: 'start-over', problem } : { type: 'failed', problem })
    this.#options.onError(error)
  }
}

function bodyOf(who: Who) {
  return who.method === 'email' ? { email: who.email } : { phonePrefix: who.phonePrefix, phone: who.phone }
}
