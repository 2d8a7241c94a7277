// What a new installation needs first: `latchkey init` writes a `.env` with new secrets, `latchkey init --database` makes the role of the
// service.
import { randomBytes } from 'node:crypto'
import { defineCommand, type WorkContext } from './command.js'
import { init as declared } from './declarations.js'
import { newSecrets } from './new-secrets.js'
import { writeOut } from './output-file.js'

type Context = WorkContext<typeof declared.options>

export const initCommand = defineCommand(declared, async (context) => {
  if (!context.values.database) return initSettings(context)
  const { initDatabase } = await import('./init-database.js')
  return initDatabase(context)
})

async function initSettings({ values, answer }: Context): Promise<number> {
  const { publicKey: _, ...secrets } = newSecrets()
  const settings = { ...secrets, METRICS_TOKEN: randomBytes(32).toString('base64url') }
  if (values.print) {
    answer({ settings }, textOf(settings).trimEnd().split('\n'))
    return 0
  }
  const { output: file } = values
  const hint = 'it is not touched: give --output FILE, or --print'
  await writeOut(file, { force: false, mode: 0o600, hint }, (out) => out.writeFile(textOf(settings)))
  answer({ file, settings: Object.keys(settings) }, [
    `wrote ${file} with new secrets, for you alone to read`,
    `Next: fill in what stands in ${file} behind a #, then latchkey migrate, latchkey init --database where the service has a role of its own, latchkey start, and latchkey doctor`,
  ])
  return 0
}

/** Settings that production needs beside its secrets, with what to put there. */
const todo: readonly (readonly [comment: string, ...lines: string[]])[] = [
  [
    'PostgreSQL: the role of the service, and the owner of the tables, who migrates. latchkey init --database makes the first one.',
    'DATABASE_URL=postgresql://latchkey:PASSWORD@db.example.com:5432/latchkey',
    'DIRECT_DATABASE_URL=postgresql://owner:PASSWORD@db.example.com:5432/latchkey',
  ],
  ['The origin that people see.', 'PUBLIC_URL=https://login.example.com'],
  ['The addresses of the proxies before it; without any, leave it out.', 'TRUST_PROXY=10.0.0.5'],
  [
    'Who delivers codes, in the order in which they are tried: twilio, webhook; smtp, webhook (docs/drivers.md).',
    'SMS_DRIVERS=twilio',
    'EMAIL_DRIVERS=smtp',
  ],
  [
    'Of the driver twilio.',
    'TWILIO_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef',
    'TWILIO_AUTH_TOKEN=',
    'TWILIO_FROM=+15005550006',
  ],
  [
    'Of the driver smtp.',
    'SMTP_URL=smtp://user:password@mail.example.com:587',
    'EMAIL_FROM=Latchkey <codes@example.com>',
  ],
  ['Of the driver webhook.', 'SENDER_WEBHOOK_URL=https://gateway.example.com/codes'],
  ['Countries whose numbers get codes.', 'DEFAULT_COUNTRY=IN', 'SMS_COUNTRIES=IN'],
]

function textOf(secrets: Readonly<Record<string, string>>): string {
  return [
    '# Settings of Latchkey, made by latchkey init. All settings there are: docs/settings.md, .env.example',
    '',
    '# Secrets. Keep a copy where nobody else gets: without them sessions and codes end, and events are not found again.',
    ...Object.entries(secrets).map(([name, value]) => `${name}=${value}`),
    ...todo.flatMap(([comment, ...lines]) => ['', `# ${comment}`, ...lines.map((line) => `#${line}`)]),
    '',
  ].join('\n')
}
