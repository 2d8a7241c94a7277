// The widgets of Turnstile and hCaptcha, for a page: loaded when a challenge comes, shown in the page's own tree, since neither finds its
// way about in a shadow root.
import type { Solver } from './client.js'
import { h } from './h.js'

type Widget = {
  render(place: HTMLElement, options: Record<string, unknown>): unknown
}
type Challenge = { provider: 'turnstile' | 'hcaptcha'; siteKey: string }

/** As their documents say: developers.cloudflare.com/turnstile/get-started/client-side-rendering, docs.hcaptcha.com/configuration. */
const scripts = {
  turnstile: 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit',
  hcaptcha: 'https://js.hcaptcha.com/1/api.js?render=explicit&recaptchacompat=off',
}
const loading = new Map<string, Promise<Widget>>()

/** Both put themselves into the window under their own name. A script that did not load is tried again. */
function load(provider: Challenge['provider']): Promise<Widget> {
  const known = loading.get(provider)
  if (known) return known
  const loaded = new Promise<Widget>((resolve, reject) => {
    const script = h('script', { src: scripts[provider], async: true })
    script.addEventListener('load', () => resolve(Reflect.get(window, provider)))
    script.addEventListener('error', () => {
      loading.delete(provider)
      script.remove()
      reject(new Error(`${provider} did not load`))
    })
    document.head.append(script)
  })
  loading.set(provider, loaded)
  return loaded
}

/**
 * A solver that shows the widget until it has a token.
 * @param placeOf where it is shown
 */
export function widgetSolver({ provider, siteKey }: Challenge, placeOf: () => HTMLElement): Solver {
  return async (_challenge, signal) => {
    const widget = await load(provider)
    const box = h('div', {})
    const dialog = h('dialog', { class: 'challenge' }, box)
    placeOf().append(dialog)
    dialog.showModal()
    try {
      return await new Promise<string>((resolve, reject) => {
        const fail = () => reject(new Error(`${provider} gave no token`))
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        dialog.addEventListener('close', fail)
        widget.render(box, { sitekey: siteKey, callback: resolve, 'error-callback': fail })
      })
    } finally {
      dialog.remove()
    }
  }
}
