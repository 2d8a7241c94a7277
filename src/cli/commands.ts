// All commands: what is declared of each, what it needs before it works, and where its work is, which is loaded when it runs.
import type { Declaration } from '../config/command-line.js'
import type { Command } from './command.js'
import * as declared from './declarations.js'
import * as apiKeys from './declarations-api-keys.js'
import * as events from './declarations-events.js'
import * as people from './declarations-users.js'

export type Listed = Readonly<{
  declaration: Declaration
  /** whether it works on a database, which may be that of `latchkey dev` */
  needsDatabase?: boolean
  load: () => Promise<Command>
}>

const needsDatabase = true

/** In the order of the help. */
export const commands: readonly Listed[] = [
  { declaration: declared.dev, load: async () => (await import('./dev.js')).devCommand },
  { declaration: declared.init, needsDatabase: false, load: async () => (await import('./init.js')).initCommand },
  { declaration: declared.start, load: async () => (await import('./start.js')).startCommand },
  { declaration: declared.migrate, needsDatabase, load: async () => (await import('./migrate.js')).migrateCommand },
  { declaration: declared.status, needsDatabase, load: async () => (await import('./status.js')).statusCommand },
  { declaration: declared.doctor, needsDatabase, load: async () => (await import('./doctor.js')).doctorCommand },
  { declaration: declared.keysNew, load: async () => (await import('./keys-new.js')).keysNewCommand },
  { declaration: declared.keysRotate, load: async () => (await import('./keys-rotate.js')).keysRotateCommand },
  { declaration: people.adminGrant, needsDatabase, load: async () => (await import('./admin.js')).grantCommand },
  { declaration: people.adminRevoke, needsDatabase, load: async () => (await import('./admin.js')).revokeCommand },
  { declaration: people.adminCreate, needsDatabase, load: async () => (await import('./admin.js')).createCommand },
  { declaration: people.adminList, needsDatabase, load: async () => (await import('./admin.js')).listCommand },
  { declaration: people.usersList, needsDatabase, load: async () => (await import('./users-list.js')).listCommand },
  { declaration: people.usersShow, needsDatabase, load: async () => (await import('./users-show.js')).showCommand },
  { declaration: people.usersDisable, needsDatabase, load: async () => (await import('./users.js')).disableCommand },
  { declaration: people.usersEnable, needsDatabase, load: async () => (await import('./users.js')).enableCommand },
  { declaration: people.usersSignOut, needsDatabase, load: async () => (await import('./users.js')).signOutCommand },
  { declaration: people.usersDelete, needsDatabase, load: async () => (await import('./users.js')).deleteCommand },
  {
    declaration: people.usersExport,
    needsDatabase,
    load: async () => (await import('./users-export.js')).exportCommand,
  },
  {
    declaration: people.usersImport,
    needsDatabase,
    load: async () => (await import('./users-import.js')).importCommand,
  },
  {
    declaration: apiKeys.apiKeysCreate,
    needsDatabase,
    load: async () => (await import('./api-keys.js')).createCommand,
  },
  { declaration: apiKeys.apiKeysList, needsDatabase, load: async () => (await import('./api-keys.js')).listCommand },
  {
    declaration: apiKeys.apiKeysRevoke,
    needsDatabase,
    load: async () => (await import('./api-keys.js')).revokeCommand,
  },
  { declaration: events.eventsParked, needsDatabase, load: async () => (await import('./events.js')).parkedCommand },
  { declaration: events.eventsReplay, needsDatabase, load: async () => (await import('./events.js')).replayCommand },
  { declaration: declared.numbersCheck, needsDatabase, load: async () => (await import('./numbers.js')).checkCommand },
  {
    declaration: declared.numbersRename,
    needsDatabase,
    load: async () => (await import('./numbers.js')).renameCommand,
  },
  { declaration: declared.sendTest, needsDatabase, load: async () => (await import('./send-test.js')).sendTestCommand },
  { declaration: declared.messages, load: async () => (await import('./messages.js')).messagesCommand },
  { declaration: declared.cleanup, needsDatabase, load: async () => (await import('./cleanup.js')).cleanupCommand },
  { declaration: declared.seed, needsDatabase, load: async () => (await import('./seed.js')).seedCommand },
  { declaration: declared.openapi, load: async () => (await import('./openapi.js')).openapiCommand },
  { declaration: declared.completion, load: async () => (await import('./completion.js')).completionCommand },
]
