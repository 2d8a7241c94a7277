// One's own phone and email: added, changed, removed. The code goes to the new one.
import type { User } from '../client.js'
import { h } from '../h.js'
import { readIdentifier } from '../identify.js'
import { lineOf } from '../problems.js'
import type { Method, Who } from '../steps.js'
import { codeField } from '../views/code-field.js'
import { countryPicker } from '../views/country-picker.js'
import { field, isolated, around as sentence, whoElement } from '../views/view.js'
import { actionButton, editor, failure, row, type Surroundings, section } from './surroundings.js'

type Own = { phone: string } | { email: string }

/** Who cancels and asks again goes on with the code that was sent, as at the first step (flow.ts). */
let underWay: { shown: string; resendAt: number } | null = null

export function identifiers(around: Surroundings): HTMLElement {
  const { text, me, countries } = around
  const { words } = text
  const phone =
    (countries.length > 0 || me.phone !== null) && identifierRow(around, 'phone', me.phone, me.email !== null)
  return section(
    'identifiers',
    words.sign_in_methods,
    phone,
    identifierRow(around, 'email', me.email, me.phone !== null),
  )
}

function identifierRow(around: Surroundings, method: Method, value: string | null, isRemovable: boolean): HTMLElement {
  const { text, client, announce, proven, reload } = around
  const { words } = text
  const label = words[method]
  const error = h('p', { class: 'error', role: 'alert' })

  async function remove(): Promise<void> {
    try {
      const user: User | undefined = await proven(() => client.identifiers.remove(method))
      if (user === undefined) return
      announce(words.removed)
      await reload('identifiers')
    } catch (thrown) {
      error.textContent = failure(around, thrown)
    }
  }

  const shown = row(
    [h('span', { class: 'label' }, label), isolated(value ?? words.none_yet, value ? '' : 'note'), error],
    actionButton(value ? words.change : words.add, label, () => ask(around, shown, method)),
    value !== null && isRemovable && actionButton(words.remove, label, () => void remove()),
  )
  return shown
}

/** First the new one, then its code, in the same place. */
function ask(around: Surroundings, place: HTMLElement, method: Method): void {
  const { text, client, countries, proven } = around
  const { words } = text
  const isPhone = method === 'phone'
  let country = around.country
  const choose = (chosen: string) => {
    country = chosen
  }
  const type = isPhone ? 'tel' : 'email'
  const attributes = { type, autocomplete: type, inputmode: type, dir: 'ltr', spellcheck: 'false' }
  const picker = isPhone ? countryPicker(text, countries, country, countries.length < 2, choose) : null
  const typed = field('identifier', isPhone ? words.mobile_number : words.email_address, attributes, (input) =>
    h('div', { class: 'control' }, picker?.root, input),
  )
  editor(around, place, {
    label: words.send_code,
    children: [typed.root],
    save: async () => {
      const read = readIdentifier(typed.input.value, method, countries, country)
      typed.say('problem' in read ? lineOf({ kind: read.problem }, text) : null)
      if ('problem' in read) return false
      const own = ownOf(read.who)
      const { shown } = read.who
      const goOn = () => confirm(around, place, own, shown)
      if (underWay?.shown === shown && Date.now() < underWay.resendAt) return goOn
      const sent = await proven(() => client.identifiers.add(own))
      if (sent === undefined) return false
      underWay = { shown, resendAt: Date.now() + sent.resend_after * 1_000 }
      return goOn
    },
    onFailed: (problem) => {
      const isTyped = ['phone_invalid', 'email_invalid', 'country_not_supported'].includes(problem.kind)
      if (isTyped) typed.say(lineOf(problem, text))
      return isTyped
    },
  })
}

function confirm(around: Surroundings, place: HTMLElement, own: Own, shown: string): void {
  const { text, client, codeLength, announce, proven, reload } = around
  const { words } = text
  const code = codeField(text, codeLength, 'own-sent', (whole) => {
    code.say(null)
    if (whole !== null) code.input.form?.requestSubmit()
  })
  editor(around, place, {
    label: words.continue,
    children: [h('p', { class: 'note', id: 'own-sent' }, ...sentence(words.sent_to, whoElement(shown))), code.root],
    save: async () => {
      const user = await proven(() => client.identifiers.verify({ ...own, otp: code.input.value }))
      if (user === undefined) return false
      code.end()
      underWay = null
      announce(words.saved)
      await reload('identifiers')
      return true
    },
    onFailed: (problem) => {
      const isCode = problem.kind === 'otp_invalid' || problem.kind === 'code_malformed'
      if (isCode) {
        code.clear()
        code.say(lineOf(problem, text))
      }
      return isCode
    },
  })
}

function ownOf(who: Who): Own {
  return who.method === 'email' ? { email: who.email } : { phone: `${who.phonePrefix} ${who.phone}` }
}
