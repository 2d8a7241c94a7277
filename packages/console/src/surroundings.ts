// What every view is given.
import type { Me } from '../../element/src/client.js'
import type { Api } from './api.js'
import type { Route } from './router.js'
import type { Text } from './text.js'

export type Surroundings = {
  text: Text
  api: Api
  me: Me
  /** where dialogs are put */
  place: HTMLElement
  /** is aborted when the view is left */
  signal: AbortSignal
  /** runs what asks for a recent proof: where there is none, a code is asked for, and it runs again; rejects with {@link Declined} */
  proven: <Result>(run: () => Promise<Result>) => Promise<Result>
  /** the line for what went wrong; a session that is over is left */
  failure: (error: unknown) => string
  /** says something to screen readers, politely */
  announce: (line: string) => void
  go: (route: Route) => void
  link: (route: Route, attributes?: Record<string, string>) => HTMLAnchorElement
}

export type View = {
  root: HTMLElement
  /** of the window */
  title: string
  focus?: () => void
}

/** Somebody would rather not prove that it is them. */
export class Declined extends Error {}
