// Commands that find no database say so in one line, in our words.
import t from 'tap'
import { commands } from '../../src/cli/commands.js'
import { testSecrets } from '../support/app.js'
import { runCommand } from '../support/command.js'

const environment = {
  ...testSecrets,
  NODE_ENV: 'test',
  SMS_DRIVERS: 'console',
  EMAIL_DRIVERS: 'console',
  DATABASE_URL: 'postgresql://me:secret-word@127.0.0.1:9/x',
}

/** What else has to be typed, for those that ask the database. */
const more: Readonly<Record<string, readonly string[]>> = {
  'latchkey doctor': ['--url', 'http://127.0.0.1:9'],
  'latchkey users delete': ['asha@example.com', '--yes'],
  'latchkey api-keys create': ['--name', 'x', '--scopes', 'users:read'],
  'latchkey api-keys revoke': ['019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'],
  'latchkey events replay': ['--since', '2026-11-20'],
  'latchkey users import': ['test/users/import/exports/supabase.csv', '--map', 'supabase'],
  'latchkey numbers rename': ['--country', 'BJ', '--from', 'x', '--to', 'y'],
}
/** They work without one, though settings name it. */
const withoutDatabase = ['latchkey send-test']

t.test('each command', async (t) => {
  for (const { declaration, needsDatabase } of commands) {
    const { program: name, words } = declaration
    if (!needsDatabase || withoutDatabase.includes(name)) continue
    const typed = [...name.split(' ').slice(1), ...(more[name] ?? (words ? ['asha@example.com'] : []))]
    const lines: string[] = []
    t.equal((await runCommand(typed, { environment, onLine: (line) => lines.push(line) })).code, 1, name)
    const text = lines.join('\n')
    t.match(text, /(No database answers at|ECONNREFUSED) ?127\.0\.0\.1:9/, name)
    t.notMatch(text, /prisma|invocation|N\/A|secret-word|\bat .*\.[jt]s/i, name)
    if (declaration.program !== 'latchkey doctor') t.equal(lines.length, 1, name)
  }
})
