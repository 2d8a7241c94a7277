// The fields of an address, in the order in which India writes them; elsewhere the code of the post has another name and form.
import { readTyped } from '../../../../src/reading.js'
import type { Address } from '../client.js'
import { h } from '../h.js'
import type { Text } from '../text.js'
import { field } from './view.js'

type Values = Pick<Address, 'house_number' | 'street_locality' | 'city' | 'state' | 'pincode'>

export function addressFields(text: Text, country: string, given?: Values) {
  const { words } = text
  const isIndia = country === 'IN'
  const texts = { maxlength: 200, autocapitalize: 'words' }
  const fields = {
    house_number: field('house_number', words.house, { autocomplete: 'address-line1', ...texts }),
    street_locality: field('street_locality', words.street, { autocomplete: 'address-line2', ...texts }),
    pincode: field('pincode', isIndia ? words.pincode : words.postal_code, {
      autocomplete: 'postal-code',
      ...(isIndia && { inputmode: 'numeric', dir: 'ltr' }),
      maxlength: 20,
    }),
    city: field('city', words.city, { autocomplete: 'address-level2', ...texts }),
    state: field('state', words.state, { autocomplete: 'address-level1', ...texts }),
  }
  const names = Object.keys(fields) as (keyof Values)[]
  if (given) for (const name of names) fields[name].input.value = given[name]
  const postalLine = isIndia ? words.error_pincode : words.error_field
  const { house_number, street_locality, pincode, city, state } = fields

  return {
    fields,
    root: h(
      'div',
      { class: 'fields' },
      house_number.root,
      street_locality.root,
      h('div', { class: 'pair' }, pincode.root, city.root),
      state.root,
    ),
    values: () => Object.fromEntries(names.map((name) => [name, fields[name].input.value.trim()])) as Values,
    postalLine,
    /** The field whose form is wrong, which is told; a postal code of India is known here, others by the service. */
    wrong() {
      const digits = readTyped(pincode.input.value).replace(/[\s\p{Pd}]/gu, '')
      if (!isIndia || /^[1-9]\d{5}$/.test(digits)) return undefined
      pincode.say(postalLine)
      return pincode
    },
  }
}
