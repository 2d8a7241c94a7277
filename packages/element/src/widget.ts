// The widgets of Turnstile and hCaptcha, for a page: loaded when a challenge comes, shown in the page's own tree, since neither finds its
// way about in a shadow root.
import { h } from './h.js'

type Widget = {
  render(place: HTMLElement, options: Record<string, unknown>): unknown
}
/** `script` is where the provider's script is: the service says so, whose policy lets it in. */
type Challenge = { provider: 'turnstile' | 'hcaptcha'; siteKey: string; script: string }

let loading: Promise<Widget> | undefined

/** Both put themselves into the window under their own name. A script that did not load is tried again. */
function load({ provider, script: src }: Challenge): Promise<Widget> {
  loading ??= new Promise<Widget>((resolve, reject) => {
    const script = h('script', { src, async: true })
    script.addEventListener('load', () => resolve(Reflect.get(window, provider)))
    script.addEventListener('error', () => {
      loading = undefined
      script.remove()
      reject(new Error(`${provider} did not load`))
    })
    document.head.append(script)
  })
  return loading
}

/** Shows the widget until it has a token, and answers that. */
export async function solveByWidget(challenge: Challenge, place: HTMLElement, signal?: AbortSignal): Promise<string> {
  const widget = await load(challenge)
  const box = h('div', {})
  const dialog = h('dialog', { class: 'challenge' }, box)
  place.append(dialog)
  dialog.showModal()
  try {
    return await new Promise<string>((resolve, reject) => {
      const fail = () => reject(new Error(`${challenge.provider} gave no token`))
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      dialog.addEventListener('close', fail)
      widget.render(box, { sitekey: challenge.siteKey, callback: resolve, 'error-callback': fail })
    })
  } finally {
    dialog.remove()
  }
}
