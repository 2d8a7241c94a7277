// The custom element: attributes, shadow root, and which view is shown. What it does is in flow.ts, how it looks in styles/.
import type { AccountOptions } from './account/account-view.js'
import { type Client, createClient, type PhonePrefix, type Solver, type User } from './client.js'
import { SignIn } from './flow.js'
import { firstCountry } from './identify.js'
import { loadPasskeys } from './passkeys.js'
import { type Problem, problemOf } from './problems.js'
import type { State } from './steps.js'
import { type Brand, Surface } from './surface.js'
import { languageOf, loadText, type Text } from './text.js'
import { accountLoader } from './views/account-loader.js'
import { viewOfStep } from './views/of-step.js'
import type { Context, View } from './views/view.js'

/** Attributes that change what is shown; the others hold from the beginning. */
const followed = ['lang', 'name', 'logo', 'color', 'flow', 'country', 'base-url', 'account', 'voice', 'code-length']

// Servers render pages that import this, and have no elements (index.ts defines none there).
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement)

export class LatchkeySignIn extends Base {
  static readonly observedAttributes = followed

  /** In place of the built-in proof of work: for a provider's widget. Set it before the element is in the page. */
  solveChallenge: Solver | undefined
  /**
   * What is left to do for somebody who is signed in, such as asking for the way back. What it rejects with is told to the person, who
   * may try again; where it asks for a recent proof, the person is asked for a code.
   */
  finish: ((client: Client, user: User) => Promise<void>) | undefined
  /** false where it is known that nobody is signed in, which saves a call */
  mayBeSignedIn = true

  readonly #surface = new Surface(this.attachShadow({ mode: 'open' }))
  #text: Text | undefined
  #client: Client | undefined
  #flow: SignIn | undefined
  #view: View | undefined
  #prefixes: readonly PhonePrefix[] = []
  #typed = { text: '', country: '' }
  #isPlanned = false
  /** whether the next beginning is a sign-in from its first step */
  #isAnew = true
  #ending = new AbortController()

  connectedCallback(): void {
    this.#plan()
  }

  disconnectedCallback(): void {
    this.#stop()
    this.#flow?.end()
    this.#isAnew = true
  }

  /** Another language or look changes nothing of how far somebody is. */
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.isConnected) return
    if (name === 'flow' || name === 'base-url') this.#isAnew = true
    this.#plan()
  }

  /** Begins anew once all attributes of this moment are there. */
  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#isPlanned = false
      if (this.isConnected) void this.#begin()
    })
  }

  #stop(): void {
    this.#ending.abort()
    this.#view?.end?.()
    this.#view = undefined
  }

  async #begin(): Promise<void> {
    this.#stop()
    this.#ending = new AbortController()
    const { signal } = this.#ending
    const { language, loaded } = this.#speak()
    const client = this.#newClient(language)
    const flow = this.#flowWith(client)
    this.#client = client
    this.#listen(client, flow, signal)
    this.#surface.wait()
    const [text, failed] = await Promise.all([loaded, this.#loadPrefixes(client), this.#isBegun(flow)])
    if (signal.aborted) return
    this.#tellOfCountries(flow, failed)
    this.#text = text
    this.#surface.frame(text, this.#brand())
    this.#show(flow.state, null)
  }

  #flowWith(client: Client): SignIn {
    if (this.#flow && !this.#isAnew) {
      this.#flow.use(client)
      return this.#flow
    }
    this.#flow?.end()
    const flow = new SignIn({
      client,
      flow: this.#isMobile() ? 'mobile' : 'identifier',
      onSignedIn: (user, isNewUser) => this.#tell('signed-in', { user, isNewUser }),
      onError: (error) => this.#tell('error', error),
      passkeys: () => this.#loadPasskeys(client),
      proven: (client, user, run) => this.#proven(client, user, run),
      finish: this.finish && ((client, user) => this.#finish(client, user)),
    })
    flow.onChange((state, before) => this.#show(state, before))
    this.#flow = flow
    this.#isAnew = false
    return flow
  }

  #finish(client: Client, user: User): Promise<boolean> {
    return this.#proven(client, user, async () => {
      await this.finish?.(client, user)
      return true
    })
  }

  /** Runs it, and once more after a proof where it asks for one; false where the person would rather not. */
  async #proven(client: Client, user: User, run: () => Promise<boolean>): Promise<boolean> {
    const { card } = this.#surface
    try {
      return await run()
    } catch (error) {
      if (card === null || Object(error).code !== 'step_up_required') throw error
    }
    const needed = {
      text: this.#text as Text,
      client,
      codeLength: this.#codeLength(),
      me: { ...user, addresses: [] },
      passkeys: this.#hasPasskeys(),
    }
    const { prove } = await import('./account/step-up.js')
    return (await prove(needed, card)) && run()
  }

  #hasPasskeys(): boolean {
    // Browsers have them for names of hosts alone (WebAuthn level 3, §5.1.3): in development 127.0.0.1 is the same page as localhost.
    const isAddress = /^[\d.]+$|^\[/.test(location.hostname)
    return this.hasAttribute('passkeys') && !isAddress
  }

  /** Null where the page or its frame may have none. */
  async #loadPasskeys(client: Client) {
    if (!this.#hasPasskeys() || !('PublicKeyCredential' in globalThis)) return null
    return loadPasskeys(client)
  }

  async #isBegun(flow: SignIn): Promise<void> {
    if (flow.state.step.name === 'checking') await flow.begin(this.mayBeSignedIn)
  }

  #speak() {
    const wanted = [this.getAttribute('lang'), document.documentElement.lang, ...navigator.languages]
    const language = languageOf(wanted)
    return { language, loaded: loadText(language) }
  }

  #newClient(language: string): Client {
    const solve: Solver = async (challenge, signal) => {
      this.#flow?.dispatch({ type: 'busy', busy: 'solving' })
      if (this.solveChallenge) return this.solveChallenge(challenge, signal)
      if (!('parameters' in challenge)) throw new Error('Set solveChallenge for a widget of a provider')
      const { solveChallenge } = await import('../../client/src/challenge.js')
      return solveChallenge(challenge as Parameters<typeof solveChallenge>[0], signal)
    }
    return createClient({ baseUrl: this.getAttribute('base-url') ?? '', language, solveChallenge: solve })
  }

  /** What happens in other tabs, and the end of the session here. */
  #listen(client: Client, flow: SignIn, signal: AbortSignal): void {
    const stop = client.onChange((event) => {
      const { step, busy } = flow.state
      if (event === 'signed_out') {
        this.#tell('signed-out')
        if (busy === null) flow.dispatch({ type: 'start-over' })
      }
      if (event === 'signed_in' && busy === null && step.name === 'identify') void flow.begin(true)
    })
    signal.addEventListener('abort', stop)
  }

  /** What went wrong, or null. */
  async #loadPrefixes(client: Client): Promise<Problem | null> {
    const failed = await client.identifier.phonePrefixes().then(
      (prefixes) => {
        this.#prefixes = prefixes
        return null
      },
      (error) => {
        this.#tell('error', error)
        return problemOf(error)
      },
    )
    const country = firstCountry(this.#prefixes, this.getAttribute('country'), navigator.languages)
    if (this.#typed.country === '') this.#typed.country = country
    return failed
  }

  /** Where there are no countries to choose from: none that get an SMS, and then email is what there is; or they did not load. */
  #tellOfCountries(flow: SignIn, failed: Problem | null): void {
    if (flow.state.step.name !== 'identify') return
    if (failed !== null) flow.dispatch({ type: 'failed', problem: failed })
    else if (this.#prefixes.length > 0) flow.dispatch({ type: 'typed' })
    else if (!this.#isMobile()) flow.dispatch({ type: 'method', method: 'email' })
  }

  #show(state: State, before: State | null): void {
    // Nothing is shown yet: the words are still on their way.
    if (!this.#text || (!this.#view && before !== null)) return
    this.#surface.showProgress(state.busy === 'solving')
    if (this.#view && state.step.name === before?.step.name) this.#view.update?.(state)
    else this.#renew(state, before)
  }

  #renew(state: State, before: State | null): void {
    this.#view?.end?.()
    // What was told belongs to the step before; screen readers would find it below the next one.
    this.#surface.announce('')
    const view = this.#viewOf(state)
    this.#view = view
    const isFirst = before === null || before.step.name === 'checking'
    this.#surface.place(view, this.#isAccount(state) ? 'account' : state.step.name, isFirst)
  }

  #viewOf(state: State): View {
    const context = this.#context()
    if (this.#isAccount(state)) return accountLoader(context, this.#accountOptions())
    return viewOfStep(context, state.step, this.#prefixes, this.#typed)
  }

  /** Whoever is signed in is shown the account, where it is wanted. */
  #isAccount({ step }: State): boolean {
    return this.hasAttribute('account') && (step.name === 'done' || step.name === 'present')
  }

  #accountOptions(): AccountOptions {
    return {
      client: this.#client as Client,
      countries: this.#prefixes,
      passkeys: this.#hasPasskeys(),
      leave: (ended) => this.#flow?.dispatch({ type: 'start-over', ...ended }),
    }
  }

  #brand(): Brand {
    const [name = '', logo, color] = ['name', 'logo', 'color'].map(
      (attribute) => this.getAttribute(attribute) ?? undefined,
    )
    return { name, logo: logo ?? null, color: color ?? '' }
  }

  #isMobile(): boolean {
    return this.getAttribute('flow') === 'mobile'
  }

  #codeLength(): number {
    const length = Number(this.getAttribute('code-length'))
    return length >= 4 && length <= 10 ? length : 6
  }

  #context(): Context {
    return {
      text: this.#text as Text,
      flow: this.#flow as SignIn,
      announce: (line) => this.#surface.announce(line),
      again: () => this.#plan(),
      options: {
        name: this.getAttribute('name') ?? '',
        voice: this.hasAttribute('voice'),
        codeLength: this.#codeLength(),
        country: this.#typed.country || null,
        isMobile: this.#isMobile(),
      },
    }
  }

  #tell(type: 'signed-in', detail: { user: User; isNewUser: boolean }): void
  #tell(type: 'signed-out' | 'error', detail?: unknown): void
  #tell(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }))
  }
}
