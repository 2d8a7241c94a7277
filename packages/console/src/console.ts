// The console: who is there, which view is shown, and what stays around it.
import { prove } from '../../element/src/account/step-up.js'
import { type Client, createClient, LatchkeyError, type Me } from '../../element/src/client.js'
import { type PageConfig, signInElement } from '../../element/src/hosted.js'
import { lineOf, problemOf } from '../../element/src/problems.js'
import { languageOf } from '../../element/src/text.js'
import { Api } from './api.js'
import { Frame } from './frame.js'
import { button, h, set } from './parts.js'
import { pathOfRoute, type Route, routeOf } from './router.js'
import { Declined, type Surroundings, type View } from './surroundings.js'
import { loadText, type Text } from './text.js'
import { blocksView } from './views/blocks.js'
import { numbersView } from './views/numbers.js'
import { userView } from './views/user.js'
import { forgetSearch, usersView } from './views/users.js'

export class Console {
  readonly #config: PageConfig
  readonly #base: string
  readonly #client: Client
  readonly #frame: Frame
  /** of the view that is shown */
  #leaving = new AbortController()
  #proving: Promise<boolean> | null = null
  #text: Text | undefined
  #me: Me | undefined
  readonly #language: string

  constructor(place: HTMLElement, config: PageConfig, base: string) {
    this.#config = config
    this.#base = base
    this.#language = languageOf([config.language, document.documentElement.lang])
    const { challenge } = config
    this.#client = createClient({
      baseUrl: base,
      language: this.#language,
      ...(challenge && {
        solveChallenge: async (_asked, signal) =>
          (await import('../../element/src/widget.js')).solveByWidget(challenge, document.body, signal),
      }),
    })
    this.#frame = new Frame(place.attachShadow({ mode: 'open' }), config)
  }

  async start(): Promise<void> {
    this.#text = await loadText(this.#language)
    set(document.documentElement, 'lang', this.#text.language)
    set(document.documentElement, 'dir', this.#text.direction)
    window.addEventListener('popstate', () => this.#me && this.#show(false))
    this.#client.onChange((event) => {
      if (event === 'signed_out' && this.#me) this.#signIn()
    })
    if (this.#config.mayBeSignedIn === false) this.#signIn()
    else await this.#enter(false)
  }

  /** Looks who is there, and lets admins in. */
  async #enter(isAfterSignIn: boolean): Promise<void> {
    const text = this.#text as Text
    try {
      this.#me = await this.#client.me()
    } catch (error) {
      const { kind } = problemOf(error)
      if (kind === 'unauthorized' || kind === 'token_expired') return this.#signIn()
      return this.#frame.notice(text, lineOf(problemOf(error), text), '', [
        button(text.own.retry, () => void this.#enter(isAfterSignIn)),
      ])
    }
    if (this.#me.role === 'ADMIN') return this.#show(isAfterSignIn)
    this.#me = undefined
    this.#frame.notice(text, text.own.no_admin, text.own.no_admin_lead, [
      button(text.words.sign_out, () => void this.#signOut(), 'primary'),
    ])
  }

  /** @param line why the last session is over, where there was one */
  #signIn(line = ''): void {
    this.#leave()
    this.#me = undefined
    forgetSearch()
    const element = signInElement({ ...this.#config, mayBeSignedIn: false }, this.#base)
    element.addEventListener('signed-in', () => void this.#enter(true), { once: true })
    document.title = this.#titled((this.#text as Text).own.title)
    this.#frame.signIn(this.#text as Text, element, line)
  }

  async #signOut(): Promise<void> {
    await this.#client.logout().catch(() => undefined)
    this.#signIn()
  }

  #leave(): void {
    this.#leaving.abort()
    this.#leaving = new AbortController()
  }

  /** @param isMoved somebody went there, and the focus goes along */
  #show(isMoved: boolean): void {
    this.#leave()
    const around = this.#surroundings()
    const route = routeOf(location.pathname.slice(this.#base.length)) ?? { name: 'users' }
    const view = viewOf(around, route)
    document.title = this.#titled(view.title)
    const { user_name, phone, email } = this.#me as Me
    const who = user_name ?? phone ?? email ?? ''
    const current = route.name === 'user' ? 'users' : route.name
    this.#frame.shell(around, { who, current, signOut: () => void this.#signOut() })
    this.#frame.place(view, isMoved)
  }

  #titled(title: string): string {
    return [title, this.#config.name].filter((part) => part).join(' – ')
  }

  #go(route: Route): void {
    history.pushState(null, '', this.#hrefOf(route))
    this.#show(true)
    window.scrollTo(0, 0)
  }

  /** The language that the address asks for goes along; nothing else of it does. */
  #hrefOf(route: Route): string {
    const lang = new URLSearchParams(location.search).get('lang')
    return `${this.#base}${pathOfRoute(route)}${lang === null ? '' : `?lang=${encodeURIComponent(lang)}`}`
  }

  #link(route: Route, attributes: Record<string, string> = {}): HTMLAnchorElement {
    const onclick = (event: MouseEvent) => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      this.#go(route)
    }
    return h('a', { href: this.#hrefOf(route), onclick, ...attributes })
  }

  #surroundings(): Surroundings {
    const { signal } = this.#leaving
    return {
      text: this.#text as Text,
      api: new Api(this.#client),
      me: this.#me as Me,
      place: this.#frame.dialogs,
      signal,
      proven: (run) => this.#proven(run),
      failure: (error) => this.#failure(error, signal),
      announce: (line) => this.#frame.announce(line),
      go: (route) => this.#go(route),
      link: (route, attributes) => this.#link(route, attributes),
    }
  }

  /** Several calls at once ask for one code. */
  async #proven<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof LatchkeyError && error.code === 'step_up_required')) throw error
    }
    const needed = {
      text: this.#text as Text,
      client: this.#client,
      codeLength: this.#config.codeLength ?? 6,
      me: this.#me as Me,
      passkeys: this.#config.passkeys === true,
    }
    this.#proving ??= prove(needed, this.#frame.dialogs).finally(() => {
      this.#proving = null
    })
    if (!(await this.#proving)) throw new Declined()
    return run()
  }

  #failure(error: unknown, signal: AbortSignal): string {
    const text = this.#text as Text
    const { own } = text
    if (error instanceof Declined) return own.need_proof
    const { code, retryAfter } = error instanceof LatchkeyError ? error : { code: '', retryAfter: undefined }
    const problem = problemOf(error)
    const line = lineOf(problem, text)
    if (!signal.aborted && (problem.kind === 'unauthorized' || problem.kind === 'token_expired')) this.#signIn(line)
    if (code === 'step_up_required') return own.need_proof
    if (code === 'last_admin') return own.error_last_admin
    if (code === 'not_found') return own.not_found
    // Whoever was an admin a moment ago, and is none any more.
    if (problem.kind === 'forbidden') return own.no_admin
    return code === 'unlock_limit' && retryAfter !== undefined
      ? text.format(own.error_unlock, { time: text.duration(retryAfter) })
      : line
  }
}

function viewOf(around: Surroundings, route: Route): View {
  if (route.name === 'user') return userView(around, route.id)
  if (route.name === 'numbers') return numbersView(around)
  return route.name === 'blocks' ? blocksView(around) : usersView(around)
}
