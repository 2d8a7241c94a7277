// The addresses: listed, added, changed, removed, and which one is the default.
import type { Address } from '../client.js'
import { h } from '../h.js'
import { addressFields } from '../views/address-fields.js'
import { linkButton } from '../views/view.js'
import { actionButton, editor, failure, row, type Surroundings, section } from './surroundings.js'

/** As many as an account can have (docs/self-service.md). */
const most = 20
const types = ['Home', 'Work', 'Other'] as const

export function addresses(around: Surroundings): HTMLElement {
  const { text, me, country } = around
  const { words } = text
  const empty = me.addresses.length === 0 && h('p', { class: 'note' }, words.no_addresses)
  const add = h(
    'div',
    {},
    linkButton(words.add_address, () => edit(around, add, country)),
  )
  const rows = me.addresses.map((address) => addressRow(around, address))
  return section('addresses', words.addresses, empty, ...rows, me.addresses.length < most && add)
}

function addressRow(around: Surroundings, address: Address): HTMLElement {
  const { text, client, announce, reload } = around
  const { words } = text
  const { house_number, street_locality, city, state, pincode } = address
  const first = `${house_number}, ${street_locality}`
  const error = h('p', { class: 'error', role: 'alert' })
  const remove = async () => {
    try {
      await client.addresses.remove(address.id)
      announce(words.removed)
      await reload('addresses')
    } catch (thrown) {
      error.textContent = failure(around, thrown)
    }
  }
  const shown = row(
    [
      h(
        'span',
        { class: 'label' },
        typeName(words, address.type),
        address.is_default && h('span', { class: 'badge' }, words.default),
      ),
      h('bdi', {}, first),
      h('bdi', { class: 'note' }, [city, state, pincode].filter((part) => part !== '').join(', ')),
      error,
    ],
    actionButton(words.edit, first, () => edit(around, shown, address.country, address)),
    actionButton(words.remove, first, () => void remove()),
  )
  return shown
}

function edit(around: Surroundings, place: HTMLElement, country: string, address?: Address): void {
  const { text, client, announce, reload } = around
  const { words } = text
  const fields = addressFields(text, country, address)
  const options = types.map((type) => {
    const isChosen = type === (address?.type ?? 'Home')
    const input = h('input', { type: 'radio', name: 'type', value: type, checked: isChosen })
    return { input, root: h('label', {}, input, h('span', {}, typeName(words, type))) }
  })
  const isDefault = h('input', { type: 'checkbox', name: 'is_default' })
  const choice = h(
    'div',
    { class: 'switch', role: 'radiogroup', 'aria-label': words.addresses },
    ...options.map(({ root }) => root),
  )
  // The default moves, and is never nowhere: it is not taken away from the one that has it.
  const makeDefault =
    !address?.is_default && h('label', { class: 'check' }, isDefault, h('span', {}, words.make_default))

  async function save(): Promise<boolean> {
    const values = fields.values()
    const missing = Object.entries(fields.fields).filter(([name]) => values[name as keyof typeof values] === '')
    for (const each of Object.values(fields.fields)) each.say(null)
    const needed = missing.filter(([name]) => name !== 'pincode' || country === 'IN')
    for (const [, each] of needed) each.say(words.error_required)
    const wrong = needed[0]?.[1] ?? fields.wrong()
    if (wrong) {
      wrong.input.focus()
      return false
    }
    const type = options.find(({ input }) => input.checked)?.input.value as Address['type']
    const form = { ...values, type, country, ...(isDefault.checked && { is_default: true }) }
    await (address ? client.addresses.change(address.id, form) : client.addresses.add(form))
    announce(words.saved)
    await reload('addresses')
    return true
  }

  editor(around, place, {
    label: words.save,
    children: [choice, fields.root, makeDefault],
    save,
    onFailed: ({ fields: names = [] }) => {
      const known = names.filter((name): name is keyof typeof fields.fields => name in fields.fields)
      for (const name of known) fields.fields[name].say(name === 'pincode' ? fields.postalLine : words.error_field)
      return known.length > 0
    },
  })
}

function typeName(words: Surroundings['text']['words'], type: Address['type']): string {
  return { Home: words.home, Work: words.work, Other: words.other }[type]
}
