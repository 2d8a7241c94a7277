// Phones and email addresses in the schemas of bodies: generous in what is taken, which the parser reads and checks.
import { type SchemaOptions, Type } from '@sinclair/typebox'

/** Characters of a number or a code as it is typed or pasted, with all that is dropped. */
export const maxTyped = 64

/** A national phone number as people write it. */
export const PhoneField = (description: string, options: SchemaOptions = {}) =>
  Type.String({
    maxLength: maxTyped,
    description: `${description}; digits of any script. Spaces, dashes, dots, slashes, brackets, invisible characters and a trunk 0 are dropped`,
    examples: ['9876543210'],
    ...options,
  })

/** A calling prefix as people and country pickers write it. */
export const PhonePrefixField = Type.String({
  maxLength: maxTyped,
  description:
    'Calling prefix, together with phone: `+91`, also `91` and `0091`; with the area code where that says which country it is: `+1876`',
  examples: ['+91'],
})

/** A phone number with its prefix. */
export const InternationalPhoneField = Type.String({
  maxLength: maxTyped,
  description:
    'With its prefix (E.164, or 00 for the plus sign); digits of any script. Spaces, dashes, dots, slashes, brackets and invisible characters are dropped',
  examples: ['+919876543210'],
})

/** An email address. */
export const EmailField = (description: string) =>
  Type.String({
    maxLength: 320,
    description: `${description}. Before the @ in ASCII, after it also a domain of any script; stored in lower case, with A-labels`,
    examples: ['asha@example.com'],
  })
