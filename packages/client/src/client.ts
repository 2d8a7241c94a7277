// The client: every call that people make for themselves, on one session.
import type { LatchkeyError, ProofOfWork } from './errors.js'
import { signInUrl, takeReturn } from './return.js'
import { Session } from './session.js'
import type { TokenStorage } from './storage.js'
import type { SessionListener } from './tabs.js'
import { type Call, createTransport, type Fetch, pathOf } from './transport.js'
import type {
  AddressForm,
  AnswerOf,
  BodyOf,
  CallOptions,
  ChallengeSolution,
  DataOf,
  IdentifierMethod,
  RequestArguments,
  Route,
  UntypedOptions,
} from './types.js'

/** Solves what the service asks, or throws. */
export type Solver = (
  challenge: NonNullable<LatchkeyError['challenge']>,
  signal?: AbortSignal,
) => Promise<ChallengeSolution>

export type ClientOptions = {
  /** where the service is, with the prefix it may have; '' for the page's own origin */
  baseUrl: string
  /** `'cookie'` (the default) for pages, which then store nothing; a storage for everything else */
  storage?: 'cookie' | TokenStorage
  /** in place of the global one */
  fetch?: Fetch
  /** milliseconds that an answer may take: 15,000 by default */
  timeout?: number
  /** of messages and country names (BCP 47); by default what the browser says */
  language?: string
  /** in place of the built-in proof of work, for a provider's widget; false to get `challenge_required` as an error */
  solveChallenge?: Solver | false
}

/** Brings the built-in solver when it is needed. */
export type LoadSolver = () => Promise<(challenge: ProofOfWork, signal?: AbortSignal) => Promise<ChallengeSolution>>

/** Routes that ask for no session: a token that has ended is no reason to refuse them. */
const open: readonly string[] = [
  'POST /api/auth/send-otp',
  'POST /api/auth/verify-otp',
  'POST /api/auth/signup',
  'POST /auth/request-otp',
  'POST /auth/verify-otp',
  'POST /auth/new-account',
  'POST /auth/exchange',
  'GET /auth/phone-prefixes',
] satisfies Route[]

/** Routes that know a device by its token, where there are no cookies: both sends and verifies of a code, step-up, sign-in by passkey. */
const knowDevices = /(-otp|-up(\/verify)?|ication\/verify)$/

/** Of an error of ours, which alone have one of these codes. */
const codeOf = (error: unknown): unknown => Object(error).code

export type Client = ReturnType<typeof createClientWith>

/**
 * Every call rejects with a {@link LatchkeyError}, or with the reason of its own signal.
 * @param loadSolver what solves challenges where the options say nothing
 */
export function createClientWith(options: ClientOptions, loadSolver: LoadSolver) {
  const { storage = 'cookie', timeout = 15_000, language, solveChallenge } = options
  // A variable that a bundler left undefined would fail by a name of ours.
  if (options.baseUrl === undefined) throw new TypeError('baseUrl is missing')
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  // Looked up at each call: tests and polyfills replace it.
  const fetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const usesCookies = storage === 'cookie'
  const credentials = usesCookies ? 'include' : 'omit'
  const transport = createTransport({ baseUrl, fetch, credentials, language, timeout })
  const session = new Session({ storage: usesCookies ? null : storage, name: `latchkey:${baseUrl}`, transport })
  /** the proof of a new number, until it has signed up */
  let signupToken: string | undefined

  /** The same call again, once, with what was asked for. */
  async function solving(call: Call): Promise<unknown> {
    try {
      return await transport(call)
    } catch (error) {
      if (codeOf(error) !== 'challenge_required') throw error
      const challenge_solution = await solutionOf(error as LatchkeyError, call)
      if (!challenge_solution) throw error
      return transport({ ...call, body: { ...Object(call.body), challenge_solution } })
    }
  }

  async function solutionOf({ challenge }: LatchkeyError, { body, signal }: Call) {
    if (!challenge || solveChallenge === false || Object(body).challenge_solution) return undefined
    if (solveChallenge) return solveChallenge(challenge, signal)
    return 'parameters' in challenge ? (await loadSolver())(challenge as ProofOfWork, signal) : undefined
  }

  /** Sends the call under the session, which is refreshed once where its token has ended. */
  async function sending(call: Call): Promise<unknown> {
    const token = await session.fresh(call.signal)
    try {
      return await solving({ ...call, token })
    } catch (error) {
      if (token === null || codeOf(error) !== 'token_expired') throw await forgotten(error, token)
      const renewed = await session.refresh(token, call.signal)
      return solving({ ...call, token: renewed }).catch(async (again) => {
        throw await forgotten(again, renewed)
      })
    }
  }

  /** The same error, once a token that it says is of no session is forgotten. */
  async function forgotten(error: unknown, token: string | null): Promise<unknown> {
    if (token !== null && codeOf(error) === 'unauthorized') await session.drop(token)
    return error
  }

  /**
   * Any route of the service, with the types of those that are known: `request('GET /users/me')`. What an answer brings of a session is
   * kept.
   * @throws TypeError for a parameter that would name another route
   */
  async function request<R extends Route>(route: R, ...rest: RequestArguments<R>): Promise<AnswerOf<R>>
  async function request<Answer>(route: `${string} /${string}`, options?: UntypedOptions): Promise<Answer>
  async function request(route: string, { params, query, body, ...call }: UntypedOptions = {}): Promise<unknown> {
    const [method = '', template = ''] = route.split(' ', 2)
    const path = pathOf(template, params, query)
    const sent = { ...call, method, path, body: await completed(route, body) }
    const answer = await (open.includes(route) || route.includes('ication/') ? solving(sent) : sending(sent))
    const { signup_token } = Object(answer)
    if (typeof signup_token === 'string') signupToken = signup_token
    await session.keep(Object(answer))
    return answer
  }

  /** The body with what the client remembers for this route. */
  async function completed(route: string, body: unknown): Promise<unknown> {
    const isSignup = route === 'POST /api/auth/signup'
    if (isSignup && signupToken !== undefined) return { signup_token: signupToken, ...Object(body) }
    if (!knowDevices.test(route)) return body
    const device_token = await session.deviceToken()
    return device_token === null ? body : { device_token, ...Object(body) }
  }

  /** What is in the envelope of an answer. */
  async function data<R extends Route>(route: R, ...rest: RequestArguments<R>): Promise<DataOf<R>> {
    return Object(await request(route, ...rest)).data
  }

  /** Ends the session of this device, also where its token has ended. The token is forgotten whether or not the service could be asked. */
  async function logout(call?: CallOptions): Promise<void> {
    await session.settled()
    const token = await session.token()
    try {
      await transport({ ...call, method: 'POST', path: '/api/auth/logout', token })
    } catch (error) {
      // A cookie is the service's to clear: who could not ask it is still signed in.
      if (!usesCookies) await session.drop()
      throw error
    }
    await session.drop()
  }

  /** Asks for another token now. It happens by itself where it has to; false where there is no session. */
  async function refresh(call?: CallOptions): Promise<boolean> {
    if (usesCookies) {
      await session.renewCookie(call?.signal)
      return true
    }
    const token = await session.token()
    return token !== null && (await session.refresh(token, call?.signal)) !== null
  }

  /** A session for a code that came back from the sign-in page. A storage keeps its token; with cookies it is in the answer alone. */
  const exchange = ({ code, codeVerifier }: { code: string; codeVerifier: string }, call?: CallOptions) =>
    request('POST /auth/exchange', { ...call, body: { code, code_verifier: codeVerifier } })

  return {
    request,
    refresh,
    logout,
    exchange,
    /** The address of the service's sign-in page, to send the person to. `returnTo` is a URL of yours, or a path of the service's origin. */
    signInUrl: ({ returnTo }: { returnTo: string }) => signInUrl(baseUrl, returnTo),
    /** On the page that the person comes back to: signs in, or null where nobody came back. Rejects with `state_mismatch` for who was not sent by this tab. */
    handleReturn: async (call?: CallOptions) => {
      const returned = takeReturn()
      return returned && exchange(returned, call)
    },
    /** Who is signed in, with addresses. Rejects with `unauthorized` where nobody is. */
    me: (call?: CallOptions) => data('GET /api/auth/me', { ...call }),
    /** A token that is good for a while, for another back end; null where nobody is signed in, and always with cookies. */
    token: (call?: CallOptions) => session.fresh(call?.signal),
    /** Tells of sign-ins and sign-outs, those in other tabs included. Returns what ends it. */
    onChange: (listener: SessionListener) => session.onChange(listener),

    /** National numbers of one country; new people fill in a form. */
    mobile: {
      sendOtp: (body: BodyOf<'POST /api/auth/send-otp'>, call?: CallOptions) =>
        request('POST /api/auth/send-otp', { ...call, body }),
      /** Signs in, or with `isNewUser` proves the number: then {@link signup}. */
      verifyOtp: (body: BodyOf<'POST /api/auth/verify-otp'>, call?: CallOptions) =>
        request('POST /api/auth/verify-otp', { ...call, body }),
      /** The proof of the number goes along by itself. */
      signup: async (body: BodyOf<'POST /api/auth/signup'>, call?: CallOptions) => {
        const answer = await request('POST /api/auth/signup', { ...call, body })
        signupToken = undefined
        return answer
      },
    },

    /** Phones of every country that is allowed, and emails; new people have an account at once. */
    identifier: {
      requestOtp: (body: BodyOf<'POST /auth/request-otp'>, call?: CallOptions) =>
        request('POST /auth/request-otp', { ...call, body }),
      verifyOtp: (body: BodyOf<'POST /auth/verify-otp'>, call?: CallOptions) =>
        request('POST /auth/verify-otp', { ...call, body }),
      /** With the `recycleToken` of `second_proof_required`, where the number leads to an account of somebody else. */
      askForNewAccount: (recycle_token: string, call?: CallOptions) =>
        request('POST /auth/new-account', { ...call, body: { recycle_token } }),
      /** For a country picker. */
      phonePrefixes: (call?: CallOptions) => request('GET /auth/phone-prefixes', { ...call }),
    },

    /** What cannot be undone asks for a proof of the last 15 minutes: `step_up_required`. */
    stepUp: {
      send: (body: BodyOf<'POST /users/me/step-up'> = {}, call?: CallOptions) =>
        data('POST /users/me/step-up', { ...call, body }),
      verify: (otp: string, call?: CallOptions) => data('POST /users/me/step-up/verify', { ...call, body: { otp } }),
    },

    /** One's own phone and email; changing them asks for a recent proof. */
    identifiers: {
      /** Sends a code to the new one. */
      add: (body: BodyOf<'POST /users/me/identifiers'>, call?: CallOptions) =>
        data('POST /users/me/identifiers', { ...call, body }),
      verify: (body: BodyOf<'POST /users/me/identifiers/verify'>, call?: CallOptions) =>
        data('POST /users/me/identifiers/verify', { ...call, body }),
      remove: (method: IdentifierMethod, call?: CallOptions) =>
        data('DELETE /users/me/identifiers/:method', { ...call, params: { method } }),
    },

    sessions: {
      list: (call?: CallOptions) => data('GET /users/me/sessions', { ...call }),
      end: (id: string, call?: CallOptions) => data('DELETE /users/me/sessions/:id', { ...call, params: { id } }),
      endOthers: (call?: CallOptions) => data('DELETE /users/me/sessions', { ...call, query: { others: 'true' } }),
      /** This one too. */
      endAll: async (call?: CallOptions) => {
        const ended = await data('DELETE /users/me/sessions', { ...call })
        await session.drop()
        return ended
      },
    },

    addresses: {
      list: (call?: CallOptions) => data('GET /users/me/addresses', { ...call }),
      add: (body: AddressForm, call?: CallOptions) => data('POST /users/me/addresses', { ...call, body }),
      change: (id: string, body: Partial<AddressForm>, call?: CallOptions) =>
        data('PATCH /users/me/addresses/:id', { ...call, params: { id }, body }),
      remove: (id: string, call?: CallOptions) => data('DELETE /users/me/addresses/:id', { ...call, params: { id } }),
    },

    account: {
      rename: (user_name: string, call?: CallOptions) => data('PATCH /users/me', { ...call, body: { user_name } }),
      /** Everything that is stored about oneself. */
      export: (call?: CallOptions) => data('GET /users/me/export', { ...call }),
      /** At once, and for good. */
      delete: async (call?: CallOptions) => {
        const deleted = await data('DELETE /users/me', { ...call })
        await session.drop()
        await session.forgetDevice()
        return deleted
      },
    },
  }
}
