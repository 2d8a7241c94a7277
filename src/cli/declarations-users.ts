// What may be typed after `latchkey admin` and `latchkey users`.
import type { Declaration, OptionDeclaration } from '../config/command-line.js'
import { force, json, someone, yes } from './declared-options.js'

export const adminGrant = {
  program: 'latchkey admin grant',
  summary: 'Makes somebody who has an account an admin.',
  words: someone,
  options: { json },
} as const satisfies Declaration

export const adminRevoke = {
  program: 'latchkey admin revoke',
  summary: 'Makes an admin none again.',
  words: someone,
  options: { json },
} as const satisfies Declaration

export const adminCreate = {
  program: 'latchkey admin create',
  summary: 'Makes a user who is an admin: whoever signs in with it first.',
  words: someone,
  options: { json },
} as const satisfies Declaration

export const adminList = {
  program: 'latchkey admin list',
  summary: 'Lists the admins, with masked identifiers.',
  options: { json },
} as const satisfies Declaration

const user = {
  usage: 'ID|PHONE|EMAIL',
  description: 'the id of a user, a phone in E.164 or an email',
  pattern: /@|^\+?[\d\s().-]{5,}$|^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
} as const
const reason = {
  type: 'string',
  value: 'TEXT',
  description: 'why, which is kept with the event',
} as const satisfies OptionDeclaration

export const usersList = {
  program: 'latchkey users list',
  summary: 'Lists users, the newest first, with masked identifiers.',
  options: {
    search: { type: 'string', value: 'TEXT', description: 'those whose name, phone or email begins with it' },
    limit: { type: 'string', value: 'NUMBER', default: '50', description: 'users of a page, 1000 at most' },
    cursor: { type: 'string', value: 'CURSOR', description: 'goes on after the page that ended with it' },
    json,
  },
} as const satisfies Declaration

export const usersShow = {
  program: 'latchkey users show',
  summary: 'Shows a user: account, sessions and the latest events.',
  words: user,
  options: { json },
} as const satisfies Declaration

export const usersDisable = {
  program: 'latchkey users disable',
  summary: 'Disables a user, and ends all sessions.',
  words: user,
  options: { reason, json },
} as const satisfies Declaration

export const usersEnable = {
  program: 'latchkey users enable',
  summary: 'Lets a disabled user sign in again.',
  words: user,
  options: { reason, json },
} as const satisfies Declaration

export const usersSignOut = {
  program: 'latchkey users sign-out',
  summary: 'Ends all sessions of a user.',
  words: user,
  options: {
    passkeys: {
      type: 'boolean',
      description: 'also removes their passkeys and known devices, of which some may be a stranger’s',
    },
    reason,
    json,
  },
} as const satisfies Declaration

export const usersDelete = {
  program: 'latchkey users delete',
  summary: 'Deletes a user with sessions, devices and addresses. Nothing brings them back.',
  words: user,
  options: { yes: yes('does not ask; needed where there is no terminal to ask on'), reason, json },
} as const satisfies Declaration

export const usersExport = {
  program: 'latchkey users export',
  summary: 'Writes all users as lines of JSON, with whole identifiers.',
  options: {
    output: {
      type: 'string',
      value: 'FILE',
      description: 'to write to, readable for its owner alone; else standard output',
    },
    force,
  },
} as const satisfies Declaration

/** Systems whose exports are read (src/users/import/maps.ts); the service's own is read without a name. */
export const peers = ['supabase', 'auth0', 'better-auth', 'firebase', 'clerk'] as const

export const usersImport = {
  program: 'latchkey users import',
  summary: 'Moves users in from the export of another system, or from that of `latchkey users export`.',
  words: { usage: 'FILE', description: 'lines of JSON, a list of JSON or CSV, in UTF-8' },
  options: {
    map: {
      type: 'string',
      value: 'SYSTEM',
      description: `what the file is an export of: ${peers.join(', ')}; without it, of latchkey`,
    },
    'trust-verified': {
      type: 'boolean',
      description:
        'phones and emails that were verified there count as proved; else nobody owns an account before they sign in',
    },
    events: {
      type: 'boolean',
      description: 'each user is an event user.created, which EVENT_WEBHOOKS are sent; else none is told of',
    },
    'dry-run': {
      type: 'boolean',
      description: 'says what would become of each line, and writes nothing but the report',
    },
    report: {
      type: 'string',
      value: 'FILE',
      description: 'where each line that is refused is told, with the reason; else FILE.refused.ndjson',
    },
    restart: {
      type: 'boolean',
      description: 'begins again where an import was interrupted; else the same command goes on with it',
    },
    json,
  },
} as const satisfies Declaration
