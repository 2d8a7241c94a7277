// "Send again in 27 seconds", and what can be asked for then.
import { countdown } from '../client.js'
import { set } from '../h.js'
import type { Text } from '../text.js'
import { linkButton } from './view.js'

/**
 * @param onAgain hears of a press that may send
 * @param onTick hears of the seconds that are left
 */
export function againButton({ words, format, duration }: Text, onAgain: () => void, onTick = (_left: number) => {}) {
  // Disabled by ARIA alone: the focus stays where it is while the button counts.
  const button = linkButton(words.resend, () => {
    if (button.getAttribute('aria-disabled') === null) onAgain()
  })
  let stop = () => {}

  /** @param resendAt milliseconds */
  function count(resendAt: number): void {
    stop()
    stop = countdown((resendAt - Date.now()) / 1_000, (left) => {
      button.textContent = left > 0 ? format(words.resend_in, { time: duration(left) }) : words.resend
      set(button, 'aria-disabled', left > 0 ? 'true' : null)
      onTick(left)
    })
  }

  return { button, count, stop: () => stop() }
}
