// "Confirm that it is you": a code to one's own phone or email, in a dialog, before what cannot be undone.
import { type Client, LatchkeyError } from '../client.js'
import { h } from '../h.js'
import { loadPasskeys, recall } from '../passkeys.js'
import { lineOf, type Problem, problemOf } from '../problems.js'
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

type Sent = { who: string; resendAt: number; endsAt: number; attempts: number }
/** The code that is under way: who closed the dialog and comes back goes on with it, as at the first step (flow.ts). */
const underWay = new WeakMap<Client, Sent>()

async function send({ client, me }: Needed): Promise<Sent> {
  const { method, resend_after, expires_in, attempts_allowed } = await client.stepUp.send()
  const now = Date.now()
  const times = { resendAt: now + resend_after * 1_000, endsAt: now + expires_in * 1_000 }
  const sent = { who: me[method] ?? '', ...times, attempts: attempts_allowed }
  underWay.set(client, sent)
  return sent
}

/**
 * Asks for the code that is under way, or for one that it sends. Where the service sends none so soon, one may have come all the same: to
 * this page before it was loaded anew, or to another tab.
 */
async function proveByCode(needed: Needed, place: HTMLElement): Promise<boolean> {
  const { text, client, codeLength } = needed
  const { words } = text
  const known = underWay.get(client)
  let early: Problem | null = null
  let sent: Sent | null = null
  try {
    sent = known && Date.now() < known.resendAt ? known : await send(needed)
  } catch (error) {
    early = problemOf(error)
    if (early.kind !== 'rate_limited' || early.retryAfter === undefined) throw error
  }
  let endTimer: ReturnType<typeof setTimeout> | undefined

  const lead = h('p', { class: 'lead', id: 'proof-sent' })
  const code = codeField(text, codeLength, 'proof-sent', (whole) => {
    say(null)
    if (whole !== null) void verify(whole)
  })
  const submit = submitButton(words.continue)
  const again = againButton(text, () => void resend())
  const say = (problem: Problem | null) => code.say(problem && lineOf(problem, text))
  const isBusy = () => submit.button.hasAttribute('aria-disabled')

  function show({ who, resendAt, endsAt }: Sent): void {
    lead.replaceChildren(...(around(words.sent_to, whoElement(who)) as Node[]))
    again.count(resendAt)
    clearTimeout(endTimer)
    endTimer = setTimeout(() => isBusy() || say({ kind: 'code_ended' }), endsAt - Date.now())
  }

  async function verify(otp: string): Promise<void> {
    if (isBusy()) return
    submit.show(words.checking)
    try {
      await client.stepUp.verify(otp)
      underWay.delete(client)
      dialog.close('proven')
    } catch (error) {
      code.clear()
      say(told(problemOf(error)))
    }
    submit.show(null)
  }

  /** A wrong code is one guess less; the last one ends the code. */
  function told(problem: Problem): Problem {
    if (problem.kind !== 'otp_invalid' || sent === null) return problem
    sent.attempts = Math.max(0, sent.attempts - 1)
    return sent.attempts === 0 ? { kind: 'code_spent' } : { ...problem, attempts: sent.attempts }
  }

  async function resend(): Promise<void> {
    try {
      sent = await send(needed)
      say(null)
      show(sent)
      code.listen()
    } catch (error) {
      say(problemOf(error))
    }
  }

  const made = form(
    () => void verify(code.input.value),
    h('h2', { id: 'proof' }, words.confirm_you),
    lead,
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
  if (sent !== null) show(sent)
  else {
    say(early)
    again.count(Date.now() + Number(early?.retryAfter) * 1_000)
  }
  dialog.showModal()
  code.input.focus()
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
  code.end()
  again.stop()
  clearTimeout(endTimer)
  dialog.remove()
  return dialog.returnValue === 'proven'
}
