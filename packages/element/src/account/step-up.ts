// "Confirm that it is you": a code to one's own phone or email, in a dialog, before what cannot be undone.
import { LatchkeyError } from '../client.js'
import { h } from '../h.js'
import { loadPasskeys, recall } from '../passkeys.js'
import { lineOf, problemOf } from '../problems.js'
import { againButton } from '../views/again.js'
import { codeField } from '../views/code-field.js'
import { around, form, linkButton, submitButton, whoElement } from '../views/view.js'
import type { Surroundings } from './surroundings.js'

export type Needed = Pick<Surroundings, 'text' | 'client' | 'codeLength' | 'me' | 'passkeys'>

/** Runs it, and once more after a proof where it asks for one; undefined where the person would rather not. */
export async function withProof<Result>(
  needed: Needed,
  place: HTMLElement,
  run: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof LatchkeyError && error.code === 'step_up_required')) throw error
  }
  return (await prove(needed, place)) ? run() : undefined
}

/** Asks for a proof; false where the person would rather not. */
export async function prove(needed: Needed, place: HTMLElement): Promise<boolean> {
  return (needed.passkeys && (await proveByPasskey(needed))) || proveByCode(needed, place)
}

/** First what costs no message and no typing. Who has no passkey here, or would rather not use it, gets a code. */
async function proveByPasskey({ client }: Needed): Promise<boolean> {
  if (recall() !== 'has') return false
  const proven = await loadPasskeys(client)
    .then((passkeys) => passkeys.stepUp())
    .catch(() => null)
  return proven !== null
}

/** Sends a code and asks for it. */
async function proveByCode({ text, client, codeLength, me }: Needed, place: HTMLElement): Promise<boolean> {
  const { words } = text
  const sent = await client.stepUp.send()
  const who = (sent.method === 'phone' ? me.phone : me.email) ?? ''
  let attempts = sent.attempts_allowed

  const code = codeField(text, codeLength, 'proof-sent', (whole) => {
    code.say(null)
    if (whole !== null) void verify(whole)
  })
  const submit = submitButton(words.continue)
  const again = againButton(text, () => void resend())
  const later = (seconds: number) => Date.now() + seconds * 1_000

  async function verify(otp: string): Promise<void> {
    if (submit.button.getAttribute('aria-disabled')) return
    submit.show(words.checking)
    try {
      await client.stepUp.verify(otp)
      dialog.close('proven')
    } catch (error) {
      const problem = problemOf(error)
      if (problem.kind === 'otp_invalid') attempts -= 1
      code.clear()
      code.say(lineOf(problem.kind === 'otp_invalid' ? { ...problem, attempts: Math.max(0, attempts) } : problem, text))
    }
    submit.show(null)
  }

  async function resend(): Promise<void> {
    try {
      const { resend_after, attempts_allowed } = await client.stepUp.send()
      attempts = attempts_allowed
      again.count(later(resend_after))
    } catch (error) {
      code.say(lineOf(problemOf(error), text))
    }
  }

  const made = form(
    () => void verify(code.input.value),
    h('h2', { id: 'proof' }, words.confirm_you),
    h('p', { class: 'lead', id: 'proof-sent' }, ...around(words.sent_to, whoElement(who))),
    code.root,
    submit.button,
    h(
      'div',
      { class: 'more' },
      again.button,
      linkButton(words.cancel, () => dialog.close()),
    ),
  )
  made.removeAttribute('aria-labelledby')
  const dialog = h('dialog', { 'aria-labelledby': 'proof', part: 'dialog' }, made)
  place.append(dialog)
  again.count(later(sent.resend_after))
  dialog.showModal()
  code.input.focus()
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
  code.end()
  again.stop()
  dialog.remove()
  return dialog.returnValue === 'proven'
}
