// The steps of signing in, as one machine for both flows:
//   idle → sending → code → verifying → done
//                                     → signup → signing_up → done   (the mobile flow, for new people)
import type { BodyOf, Client, Identifier, LatchkeyError, SignupForm, User } from '@latchkey/client'
import { isLatchkeyError } from './errors.js'
import { createStore, type Store } from './store.js'

/** Phone or email of any country; or a number of the mobile flow, whose new people fill in a form. */
export type SignInIdentifier = Identifier | Pick<BodyOf<'POST /api/auth/send-otp'>, 'mobile_number' | 'mode'>

export type SignInStep = 'idle' | 'sending' | 'code' | 'verifying' | 'signup' | 'signing_up' | 'done'

export type SignInState = {
  step: SignInStep
  /** why the last try did not succeed; the step is again the one where the person can do something about it */
  error: LatchkeyError | null
  /** whole seconds until a code can be sent again */
  resendIn: number
  /** guesses that the code has */
  attemptsAllowed: number | null
  /** in development alone: the code itself */
  otp: string | null
  /** at the end */
  user: User | null
  isNewUser: boolean
}

export type SignInActions = {
  /** Sends a code. Like all of these it tells by the state, and says whether it did; while something is on its way it does nothing. */
  send: (identifier: SignInIdentifier) => Promise<boolean>
  /** Sends another one, once `resendIn` is 0. */
  resend: () => Promise<boolean>
  verify: (otp: string) => Promise<boolean>
  /** The form of the mobile flow; the number goes along by itself. */
  signup: (form: Omit<SignupForm, 'mobile_number' | 'signup_token'>) => Promise<boolean>
  /** From the beginning; ends what is on its way. */
  reset: () => void
}

const beginning: SignInState = {
  step: 'idle',
  error: null,
  resendIn: 0,
  attemptsAllowed: null,
  otp: null,
  user: null,
  isNewUser: false,
}

/** Ended when nobody watches any more: an answer that comes after that changes nothing. */
export function createSignIn(client: Client): { store: Store<SignInState>; actions: SignInActions } {
  let running: AbortController | undefined
  /** where the person was before what is on its way */
  let resting: SignInStep = 'idle'
  let identifier: SignInIdentifier | undefined
  /** the proof of a number that was somebody else's, for the code to the account's other phone or email */
  let recycle_token: string | undefined
  /** milliseconds since 1970, and what wakes us */
  let resendAt = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const store = createStore(beginning, () => {
    count()
    return () => {
      // Whoever comes back (a page that was hidden) can try again where they were.
      if (running) store.write({ step: resting })
      stop()
    }
  })

  function stop(): void {
    running?.abort()
    running = undefined
    clearTimeout(timer)
  }

  /** By the clock, since pages in the background and phones asleep skip ticks. */
  function count(): void {
    clearTimeout(timer)
    const left = Math.max(0, resendAt - Date.now())
    const resendIn = Math.ceil(left / 1_000)
    if (resendIn !== store.read().resendIn) store.write({ resendIn })
    if (left > 0 && store.isWatched()) timer = setTimeout(count, left % 1_000 || 1_000)
  }

  function waitFor(seconds: number): void {
    resendAt = Date.now() + seconds * 1_000
    count()
  }

  /**
   * One call at a time.
   * @param back the step where a failure leaves the person
   */
  async function run(
    step: SignInStep,
    back: (error: LatchkeyError) => SignInStep,
    call: (signal: AbortSignal) => Promise<Partial<SignInState>>,
  ): Promise<boolean> {
    if (running) return false
    const mine = new AbortController()
    running = mine
    resting = store.read().step
    store.write({ step, error: null })
    const failures: unknown[] = []
    const change = await call(mine.signal).catch((error: unknown) => {
      failures.push(error)
      return isLatchkeyError(error) ? { step: back(error), error } : { step: resting }
    })
    // Ended meanwhile: by leaving, or by starting again.
    if (running !== mine) return false
    running = undefined
    store.write(change)
    for (const failure of failures) learnFrom(failure, step)
    return failures.length === 0
  }

  /** What an error tells of the next try. One that is not the client's is the application's own, of its storage say. */
  function learnFrom(failure: unknown, step: SignInStep): void {
    if (!isLatchkeyError(failure)) throw failure
    recycle_token = failure.recycleToken ?? recycle_token
    if (step === 'sending' && failure.retryAfter !== undefined) waitFor(failure.retryAfter)
  }

  function send(to: SignInIdentifier, back: SignInStep = 'idle'): Promise<boolean> {
    return run(
      'sending',
      () => back,
      async (signal) => {
        const sent =
          'mobile_number' in to
            ? await client.mobile.sendOtp(to, { signal })
            : await client.identifier.requestOtp(to, { signal })
        if (!signal.aborted) {
          identifier = to
          waitFor(sent.resend_after)
        }
        return { step: 'code', attemptsAllowed: sent.attempts_allowed, otp: sent.otp ?? null }
      },
    )
  }

  async function verified(otp: string, signal: AbortSignal): Promise<Partial<SignInState>> {
    const body = { otp, ...(recycle_token !== undefined && { recycle_token }) }
    const to = identifier as SignInIdentifier
    if (!('mobile_number' in to)) {
      const { user, isNewUser } = await client.identifier.verifyOtp({ ...to, ...body }, { signal })
      return { step: 'done', user, isNewUser, otp: null }
    }
    const answer = await client.mobile.verifyOtp({ mobile_number: to.mobile_number, ...body }, { signal })
    if (answer.isNewUser) return { step: 'signup', isNewUser: true, otp: null }
    return { step: 'done', user: answer.user, otp: null }
  }

  const actions: SignInActions = {
    send: (to) => send(to),
    async resend() {
      const { step, resendIn } = store.read()
      return identifier !== undefined && step === 'code' && resendIn === 0 ? send(identifier, 'code') : false
    },
    async verify(otp) {
      if (store.read().step !== 'code') return false
      return run(
        'verifying',
        () => 'code',
        (signal) => verified(otp, signal),
      )
    },
    async signup(form) {
      if (store.read().step !== 'signup') return false
      const { mobile_number } = identifier as { mobile_number: string }
      return run(
        'signing_up',
        // The proof is over, or the number has an account meanwhile: a new code is the way.
        ({ code }) => (code === 'verification_required' || code === 'already_registered' ? 'idle' : 'signup'),
        async (signal) => {
          const { user } = await client.mobile.signup({ ...form, mobile_number }, { signal })
          return { step: 'done', user }
        },
      )
    },
    reset() {
      stop()
      identifier = undefined
      recycle_token = undefined
      resendAt = 0
      store.write(beginning)
    },
  }
  return { store, actions }
}
