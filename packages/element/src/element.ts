// The custom element: attributes, shadow root, and which view is shown. What it does is in flow.ts, how it looks in styles/.
import type { AccountOptions } from './account/account-view.js'
import { type Client, createClient, type PhonePrefix, type Solver, type User } from './client.js'
import { shadesOf } from './color.js'
import { SignIn } from './flow.js'
import { h, set } from './h.js'
import { firstCountry } from './identify.js'
import type { State } from './steps.js'
import { sheets } from './styles/sheets.js'
import { languageOf, loadText, type Text } from './text.js'
import { accountLoader } from './views/account-loader.js'
import { codeView } from './views/code-view.js'
import { identifyView } from './views/identify-view.js'
import { doneView, presentView, recycledView } from './views/other-views.js'
import { signupView } from './views/signup-view.js'
import type { Context, View } from './views/view.js'

/** Attributes that change what is shown; the others hold from the beginning. */
const followed = ['lang', 'name', 'logo', 'color', 'flow', 'country', 'base-url', 'account', 'voice', 'code-length']

export class LatchkeySignIn extends HTMLElement {
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

  readonly #root = this.attachShadow({ mode: 'open' })
  /** the colour, of this element alone */
  readonly #brand = new CSSStyleSheet()
  readonly #progress = h('div', { class: 'progress', role: 'progressbar', hidden: true })
  readonly #status = h('p', { class: 'hidden', role: 'status' })
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

  constructor() {
    super()
    this.#root.adoptedStyleSheets = [...sheets(), this.#brand]
  }

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
    if (!this.#root.firstChild) this.#wait()
    const [text] = await Promise.all([loaded, this.#loadPrefixes(client), this.#isBegun(flow)])
    if (signal.aborted) return
    this.#text = text
    this.#frame(text)
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
      flow: this.getAttribute('flow') === 'mobile' ? 'mobile' : 'identifier',
      onSignedIn: (user, isNewUser) => this.#tell('signed-in', { user, isNewUser }),
      onError: (error) => this.#tell('error', error),
      finish: this.finish && ((client, user) => this.#finish(client, user)),
    })
    flow.onChange((state, before) => this.#show(state, before))
    this.#flow = flow
    this.#isAnew = false
    return flow
  }

  async #finish(client: Client, user: User): Promise<boolean> {
    const run = async () => {
      await this.finish?.(client, user)
      return true
    }
    const card = this.#root.firstElementChild
    if (!(card instanceof HTMLElement)) return run()
    const needed = { text: this.#text as Text, client, codeLength: this.#codeLength(), me: { ...user, addresses: [] } }
    const { withProof } = await import('./account/step-up.js')
    return (await withProof(needed, card, run)) ?? false
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

  async #loadPrefixes(client: Client): Promise<void> {
    try {
      this.#prefixes = await client.identifier.phonePrefixes()
    } catch (error) {
      this.#prefixes = []
      this.#tell('error', error)
    }
    const country = firstCountry(this.#prefixes, this.getAttribute('country'), navigator.languages)
    if (this.#typed.country === '') this.#typed.country = country
  }

  /** The card has its place before there is anything to say. */
  #wait(): void {
    this.#progress.hidden = false
    this.#root.append(h('section', { class: 'card waiting', 'aria-busy': 'true' }, this.#progress))
  }

  /** What stays around the steps: the brand, the colours, and where screen readers are told things. */
  #frame({ language, direction, words }: Text): void {
    const name = this.getAttribute('name') ?? ''
    const logo = this.getAttribute('logo')
    const brand = h(
      'div',
      { class: 'brand', part: 'brand' },
      logo ? h('img', { src: logo, alt: name, part: 'logo' }) : h('span', { class: 'name' }, name),
    )
    const card = h('section', {
      class: 'card',
      part: 'card',
      lang: language,
      dir: direction,
      'aria-labelledby': 'heading',
    })
    card.append(this.#progress, ...(logo || name ? [brand] : []), h('div', { class: 'step' }), this.#status)
    set(this.#progress, 'aria-label', words.solving)
    this.#root.replaceChildren(card)
    const shades = Object.entries(shadesOf(this.getAttribute('color') ?? '') ?? {})
    this.#brand.replaceSync(`:host{${shades.map(([shade, color]) => `--brand-${shade}:${color};`).join('')}}`)
  }

  #show(state: State, before: State | null): void {
    // Nothing is shown yet: the words are still on their way.
    if (!this.#text || (!this.#view && before !== null)) return
    this.#progress.hidden = state.busy !== 'solving'
    if (this.#view && state.step.name === before?.step.name) this.#view.update?.(state)
    else this.#renew(state, before)
  }

  #renew(state: State, before: State | null): void {
    this.#view?.end?.()
    const view = this.#viewOf(state)
    this.#view = view
    const step = this.#root.querySelector('.step')
    step?.replaceChildren(view.root)
    if (step?.parentElement) set(step.parentElement, 'data-step', this.#isAccount(state) ? 'account' : state.step.name)
    // A page that only opens takes no focus from anybody.
    if (before === null || before.step.name === 'checking') return
    if (view.focus) view.focus()
    else this.#root.getElementById('heading')?.focus()
  }

  #viewOf(state: State): View {
    const { step } = state
    const context = this.#context()
    if (this.#isAccount(state)) return accountLoader(context, this.#accountOptions())
    switch (step.name) {
      case 'code':
        return codeView(context, step)
      case 'signup':
        return signupView(context)
      case 'present':
        return presentView(context, step.user)
      case 'recycled':
        return recycledView(context, step)
      case 'done':
        return doneView(context, step)
      default:
        return identifyView(context, this.#prefixes, this.#typed)
    }
  }

  /** Whoever is signed in is shown the account, where it is wanted. */
  #isAccount({ step }: State): boolean {
    return this.hasAttribute('account') && (step.name === 'done' || step.name === 'present')
  }

  #accountOptions(): AccountOptions {
    return {
      client: this.#client as Client,
      countries: this.#prefixes,
      leave: (ended) => this.#flow?.dispatch({ type: 'start-over', ...ended }),
    }
  }

  #codeLength(): number {
    const length = Number(this.getAttribute('code-length'))
    return length >= 4 && length <= 10 ? length : 6
  }

  #context(): Context {
    const isMobile = this.getAttribute('flow') === 'mobile'
    return {
      text: this.#text as Text,
      flow: this.#flow as SignIn,
      announce: (line) => {
        this.#status.textContent = line
      },
      options: {
        name: this.getAttribute('name') ?? '',
        voice: this.hasAttribute('voice'),
        codeLength: this.#codeLength(),
        country: this.#typed.country || null,
        isMobile,
      },
    }
  }

  #tell(type: 'signed-in', detail: { user: User; isNewUser: boolean }): void
  #tell(type: 'signed-out' | 'error', detail?: unknown): void
  #tell(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }))
  }
}
