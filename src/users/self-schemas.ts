// What the routes on what is one's own have in common: their ids.
import { Type } from '@sinclair/typebox'
import { anyCaseUuidPattern } from '../http/uuid.js'
import { closed } from '../http/validation.js'

/** The parameter `id`: whoever's it is not hears that there is none. */
export const idParams = Type.Object(
  {
    id: Type.String({
      pattern: anyCaseUuidPattern,
      description: 'a UUID',
      examples: ['019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a11'],
    }),
  },
  closed,
)
