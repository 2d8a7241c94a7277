// What may be typed after `latchkey api-keys`.
import type { Declaration } from '../config/command-line.js'
import { json } from './declared-options.js'

export const apiKeysCreate = {
  program: 'latchkey api-keys create',
  summary: 'Makes an API key for a back end, and prints it: it is shown once.',
  options: {
    name: { type: 'string', value: 'NAME', description: 'what it is for, 200 characters at most' },
    scopes: {
      type: 'string',
      value: 'SCOPE,…',
      description: 'what it may do: users:read, users:write, sessions:read, sessions:write, events:read',
    },
    days: { type: 'string', value: 'NUMBER', default: '365', description: 'until it ends, 730 at most' },
    json,
  },
} as const satisfies Declaration

export const apiKeysList = {
  program: 'latchkey api-keys list',
  summary: 'Lists the API keys, the newest first, without the keys themselves.',
  options: {
    limit: { type: 'string', value: 'NUMBER', default: '50', description: 'keys of a page, 1000 at most' },
    cursor: { type: 'string', value: 'CURSOR', description: 'goes on after the page that ended with it' },
    json,
  },
} as const satisfies Declaration

export const apiKeysRevoke = {
  program: 'latchkey api-keys revoke',
  summary: 'Takes an API key away: its next call is refused.',
  words: { usage: 'ID', description: 'which: its id, as the list has it' },
  options: { json },
} as const satisfies Declaration
