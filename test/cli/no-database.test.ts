// Commands that find no database say so in one line, in our words.
import t from 'tap'
import { adminCommand } from '../../src/cli/admin.js'
import { cleanupCommand } from '../../src/cli/cleanup.js'
import { type Command, perform } from '../../src/cli/command.js'
import { databaseDiffCommand } from '../../src/cli/database-diff.js'
import { databaseStatusCommand } from '../../src/cli/database-status.js'
import { doctorCommand } from '../../src/cli/doctor.js'
import { migrateCommand } from '../../src/cli/migrate.js'
import { seedCommand } from '../../src/cli/seed.js'
import { testSecrets } from '../support/app.js'

const environment = {
  ...testSecrets,
  NODE_ENV: 'test',
  SMS_DRIVERS: 'console',
  EMAIL_DRIVERS: 'console',
  DATABASE_URL: 'postgresql://me:secret-word@127.0.0.1:9/x',
}

t.test('each command', async (t) => {
  const commands: Record<string, [Command, ...string[]]> = {
    admin: [adminCommand, 'list'],
    cleanup: [cleanupCommand],
    'db:diff': [databaseDiffCommand],
    'db:migrate': [migrateCommand],
    'db:status': [databaseStatusCommand],
    doctor: [doctorCommand, '--url', 'http://127.0.0.1:9'],
    seed: [seedCommand],
  }
  for (const [name, [command, ...words]] of Object.entries(commands)) {
    const lines: string[] = []
    const print = (line: string) => void lines.push(line)
    t.equal(await perform(command, { words, environment, print, printError: print }), 1, name)
    const text = lines.join('\n')
    t.match(text, /(No database answers at|ECONNREFUSED) ?127\.0\.0\.1:9/, name)
    t.notMatch(text, /prisma|invocation|N\/A|secret-word|\bat .*\.[jt]s/i, name)
    if (name !== 'doctor') t.equal(lines.length, 1, name)
  }
})
