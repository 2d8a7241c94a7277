// The form of new people in the mobile flow: who they are and where they live.
import { h } from '../h.js'
import type { State } from '../steps.js'
import { addressFields } from './address-fields.js'
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

export function signupView(context: Context): View {
  const { flow, text, options } = context
  const { words } = text
  const name = field('user_name', words.name, { autocomplete: 'name', maxlength: 200, autocapitalize: 'words' })
  const address = addressFields(text, options.country ?? 'IN')
  const fields = { user_name: name, ...address.fields }
  const submit = submitButton(words.create_account)
  const general = h('p', { class: 'error', role: 'alert' })

  function send(): void {
    const values = { user_name: name.input.value.trim(), ...address.values() }
    const missing = Object.entries(fields).filter(([key]) => values[key as keyof typeof values] === '')
    for (const each of Object.values(fields)) each.say(null)
    for (const [, each] of missing) each.say(words.error_required)
    const wrong = missing[0]?.[1] ?? address.wrong()
    if (wrong) wrong.input.focus()
    else void flow.signup(values)
  }

  function show({ busy, problem }: State): void {
    submit.show(busyLine(text, busy))
    const named = (problem?.fields ?? []).filter((key): key is keyof typeof fields => key in fields)
    for (const key of named) fields[key].say(key === 'pincode' ? address.postalLine : words.error_field)
    const [first] = named
    if (first) fields[first].input.focus()
    general.textContent = named.length === 0 ? (problemLine(text, problem) ?? '') : ''
  }

  show(flow.state)
  return {
    root: form(
      send,
      heading(words.signup),
      h('p', { class: 'lead' }, words.signup_lead),
      name.root,
      address.root,
      general,
      submit.button,
      h(
        'div',
        { class: 'more' },
        linkButton(words.back, () => flow.startOver()),
      ),
    ),
    update: show,
  }
}
