// The first step: a phone or an email, and the code is sent.
import type { PhonePrefix } from '../client.js'
import { h, set } from '../h.js'
import { methodOf, readIdentifier, splitPrefix } from '../identify.js'
import { recall } from '../passkeys.js'
import type { Method, State, Who } from '../steps.js'
import { countryPicker } from './country-picker.js'
import {
  busyLine,
  type Context,
  field,
  form,
  heading,
  linkButton,
  problemLine,
  submitButton,
  type View,
} from './view.js'

/** What stays when one comes back to this step. */
export type Typed = { text: string; country: string }

export function identifyView(context: Context, countries: readonly PhonePrefix[], typed: Typed): View {
  const { flow, text, options } = context
  const { words } = text
  const isFixed = options.isMobile || countries.length < 2
  const picker = countryPicker(text, countries, typed.country, isFixed, (country) => {
    typed.country = country
    show(flow.state)
  })
  // Numbers and addresses run left to right in every language.
  const attributes = { spellcheck: 'false', autocapitalize: 'off', dir: 'ltr' }
  const { root, input, say } = field('identifier', '', attributes, (input) =>
    h('div', { class: 'control', part: 'control' }, picker.root, input),
  )
  input.value = typed.text
  const label = root.querySelector('label')
  const note = h('p', { class: 'lead', role: 'status' })
  const submit = submitButton(words.send_code)
  const haveCode = linkButton(words.have_code, () => {
    withIdentifier((who) => flow.dispatch({ type: 'have-code', who, now: Date.now() }))
  })
  const choice = methodSwitch(context, countries.length > 0)
  const passkey = flow.hasPasskeys && flow.state.recycleToken === null ? passkeyButton(context) : null
  const line = options.name ? text.format(words.sign_in_to, { name: options.name }) : words.sign_in

  input.addEventListener('input', () => {
    typed.text = input.value
    const meant = methodOf(input.value)
    const canSwitch = choice !== null && meant !== null && meant !== flow.state.method
    if (canSwitch) flow.dispatch({ type: 'method', method: meant })
    else flow.dispatch({ type: 'typed' })
    followPrefix()
  })

  /** The number of another country chooses that country. */
  function followPrefix(): void {
    if (isFixed || flow.state.method !== 'phone') return
    const split = splitPrefix(input.value, countries, typed.country)
    // While it is being typed, +1 could still become +1 876: what is pasted whole is long enough.
    if (!split?.country || split.national.length < 6) return
    typed.country = split.country.country
    typed.text = split.national
    input.value = split.national
    picker.choose(typed.country)
  }

  function withIdentifier(goOn: (who: Who) => void): void {
    // The countries could not be loaded, as the line beside the field says.
    if (flow.state.method === 'phone' && countries.length === 0) {
      context.again()
      return
    }
    const read = readIdentifier(input.value, flow.state.method, countries, typed.country)
    if ('who' in read) goOn(read.who)
    else {
      flow.dispatch({ type: 'failed', problem: { kind: read.problem } })
      input.focus()
    }
  }

  function showMethod(method: Method): void {
    const isPhone = method === 'phone'
    const example = countries.find(({ country }) => country === typed.country)?.example
    if (label) label.textContent = isPhone ? words.mobile_number : words.email_address
    picker.root.hidden = !isPhone
    const kind = isPhone ? 'tel' : 'email'
    for (const name of ['type', 'inputmode']) set(input, name, kind)
    set(input, 'autocomplete', flow.hasPasskeys ? `${kind} webauthn` : kind)
    set(input, 'placeholder', isPhone ? (example ?? '') : 'name@example.com')
    choice?.show(method)
  }

  function show({ method, busy, problem, notice }: State): void {
    showMethod(method)
    note.textContent = notice === null ? '' : words[notice]
    note.hidden = notice === null
    submit.show(busy === 'passkey' ? null : busyLine(text, busy))
    passkey?.classList.toggle('busy', busy === 'passkey')
    say(problemLine(text, problem))
    haveCode.hidden = problem?.kind !== 'rate_limited'
  }

  const send = () => withIdentifier((who) => void flow.send(who))
  const more = h('div', { class: 'more' }, haveCode)
  // Who has one on this device is asked for it first.
  const isFirst = recall() === 'has'
  show(flow.state)
  if (passkey) void flow.waitForPasskey()
  return {
    root: form(
      send,
      heading(line),
      note,
      isFirst && passkey,
      choice?.root,
      root,
      submit.button,
      !isFirst && passkey,
      more,
    ),
    update: show,
    end: () => flow.stopWaiting(),
  }
}

/** Instead of a code. */
function passkeyButton({ flow, text: { words } }: Context): HTMLButtonElement {
  const onclick = () => void flow.signInByPasskey()
  return h('button', { type: 'button', class: 'passkey', part: 'passkey', onclick }, words.passkey_sign_in)
}

/** Phone or email; null where there is but one of them. */
function methodSwitch({ flow, text: { words }, options }: Context, hasPhones: boolean) {
  const { recycleToken } = flow.state
  if (options.isMobile || !hasPhones || recycleToken !== null) return null
  const option = (method: Method, label: string) => {
    const onchange = () => flow.dispatch({ type: 'method', method })
    const input = h('input', { type: 'radio', name: 'method', value: method, onchange })
    return { input, root: h('label', {}, input, h('span', {}, label)) }
  }
  const phone = option('phone', words.phone)
  const email = option('email', words.email)
  const root = h(
    'div',
    { class: 'switch', role: 'radiogroup', 'aria-labelledby': 'heading', part: 'switch' },
    phone.root,
    email.root,
  )
  const show = (method: Method) => {
    phone.input.checked = method === 'phone'
    email.input.checked = method === 'email'
  }
  return { root, show }
}
