// Options and words that several commands have.

export const json = {
  type: 'boolean',
  description: 'prints one JSON document, and errors as JSON on standard error',
} as const
export const force = { type: 'boolean', description: 'replaces a file that is there' } as const
export const yes = (what: string) => ({ type: 'boolean', description: what }) as const

export const someone = {
  usage: 'PHONE|EMAIL',
  description: 'a phone in E.164, such as +919876543210, or an email',
  pattern: /@|^\+?[\d\s().-]{5,}$/,
} as const
