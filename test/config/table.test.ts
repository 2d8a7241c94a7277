// The table of settings: that every row is read and every setting has one, that ranges and defaults are those that count, and that
// what is made of it is as it says.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Ajv from 'ajv'
import t from 'tap'
import { namesRead, parseConfig } from '../../src/config/config.js'
import type { Setting } from '../../src/config/table/setting.js'
import { keyNames, settingNames, settings } from '../../src/config/table/table.js'
import { settingsFiles } from '../../src/development/settings/files.js'
import { durationPattern, integerPattern } from '../../src/development/settings/range-pattern.js'
import { secretNames, settingsSchema } from '../../src/development/settings/schema.js'
import { defaultOf } from '../../src/development/settings/words.js'
import { newPrivateKey } from '../support/app.js'
import { problemsThrownBy } from '../support/problems.js'
import { projectUrl } from '../support/project.js'

const required = {
  DATABASE_URL: 'postgresql://user:password@db.internal/latchkey',
  JWT_PRIVATE_KEY: newPrivateKey(),
  OTP_PEPPER: 'a pepper of thirty-two bytes and more',
  SMS_DRIVERS: 'webhook',
  EMAIL_DRIVERS: 'webhook',
  SENDER_WEBHOOK_URL: 'https://gateway.internal/codes',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
}
const problemsOf = (environment: Record<string, string>) =>
  problemsThrownBy(() => parseConfig({ ...required, ...environment }))
/** As YAML would have it, where nobody thinks of quotes. */
const inYaml = (value: string) => (/^(0\.)?\d+$/.test(value) ? Number(value) : value)
const rows = settingNames.map((name) => [name, settings[name] as Setting] as const)

t.test('every setting that is read has a row, and every row is read', async (t) => {
  t.strictSame([...namesRead()].sort(), [...settingNames].sort())
})

t.test('the ends of a range are taken, and what is beyond them is refused by name', async (t) => {
  // TOKEN_TTL is SESSION_TTL at most.
  const beside = { TOKEN_TTL: { SESSION_TTL: '30d' }, SESSION_TTL: { TOKEN_TTL: '60' } } as Record<string, object>
  for (const [name, row] of rows) {
    if (row.type !== 'integer' && row.type !== 'duration') continue
    const problems = (value: number) => problemsOf({ ...beside[name], [name]: String(value) })
    t.strictSame([problems(row.minimum), problems(row.maximum)], [[], []], name)
    for (const value of [row.minimum - 1, row.maximum + 1])
      t.match(problems(value), [new RegExp(`^${name} must be`)], `${name}=${value}`)
  }
})

t.test('a default that is written out changes nothing', async (t) => {
  const keysAside = (environment: object) => JSON.stringify(parseConfig({ ...required, ...environment }))
  for (const mode of ['production', 'development', 'test'] as const) {
    const NODE_ENV = mode
    const unset = keysAside({ NODE_ENV })
    for (const [name, row] of rows) {
      const value = name === 'NODE_ENV' ? undefined : defaultOf(row, mode)
      if (value !== undefined && !(name in required)) t.equal(keysAside({ NODE_ENV, [name]: value }), unset, name)
    }
  }
})

t.test(
  '.env.example, docs/settings.md and the schema of the chart are as the table says: npm run settings writes them',
  async (t) => {
    for (const [path, text] of Object.entries(settingsFiles()))
      t.equal(await readFile(new URL(path, projectUrl), 'utf8'), text, path)
  },
)

t.test('what a row points to is there', async (t) => {
  for (const [name, { see }] of rows)
    if (see !== undefined) t.ok(existsSync(fileURLToPath(new URL(see, projectUrl))), `${name}: ${see}`)
})

const validate = new Ajv.default({ strict: true, allowUnionTypes: true }).compile(settingsSchema())
const isRefused = (value: object) => !validate(value)
const inTheOpen = rows.filter(([, { secret }]) => secret === undefined)

t.test('the schema takes defaults and examples, and has no secret', async (t) => {
  for (const [name, { secret }] of rows)
    if (secret !== undefined) t.ok(isRefused({ [name]: 'x' }), `${name} is a secret`)
  for (const [name, row] of inTheOpen)
    for (const value of [defaultOf(row, 'production'), defaultOf(row, 'development'), row.example])
      if (value !== undefined)
        t.ok(validate({ [name]: inYaml(value) }), `${name}=${value}: ${JSON.stringify(validate.errors)}`)
  t.ok(validate({ RECYCLE_AFTER: false, CHALLENGE: false }), 'off without quotes is false in YAML 1.1')
  t.ok(keyNames.every((name) => secretNames().includes(name)))
})

t.test('the schema refuses other names, ranges and choices', async (t) => {
  t.ok(isRefused({ OTP_LENGHT: 6 }))
  for (const [name, row] of inTheOpen) {
    if (row.type === 'integer' || row.type === 'duration') {
      t.ok(validate({ [name]: row.minimum }) && validate({ [name]: row.maximum }), name)
      t.ok(isRefused({ [name]: row.minimum - 1 }) && isRefused({ [name]: row.maximum + 1 }), name)
      t.ok(isRefused({ [name]: String(row.maximum + 1) }), `${name} in quotes`)
    }
    if (row.type === 'duration') {
      t.ok(validate({ [name]: `${row.minimum}s` }) && validate({ [name]: `${row.maximum}s` }), name)
      t.ok(isRefused({ [name]: `${row.minimum - 1}s` }) && isRefused({ [name]: `${row.maximum + 1}s` }), name)
    }
    if (row.type !== 'list' && row.type !== 'text') t.ok(isRefused({ [name]: 'something else' }), name)
  }
})

t.test('patterns of ranges take what is within them, and nothing else', async (t) => {
  for (const [minimum, maximum] of [
    [0, 0],
    [0, 9],
    [1, 10],
    [7, 7],
    [9, 100],
    [19, 20],
    [30, 600],
    [99, 1001],
    [101, 110],
    [123, 2345],
  ] as const) {
    const pattern = new RegExp(`^(?:${integerPattern(minimum, maximum)})$`)
    const wrong = Array.from({ length: maximum + 200 }, (_, number) => number).filter(
      (number) => pattern.test(String(number)) !== (number >= minimum && number <= maximum),
    )
    t.strictSame(wrong, [], `${minimum} to ${maximum}: ${pattern}`)
  }
  const minutes = new RegExp(durationPattern(30, 600))
  t.strictSame(
    ['30s', '600s', '1m', '10m', '29s', '601s', '0m', '11m', '1h', '1d', '05m', '5'].filter((text) =>
      minutes.test(text),
    ),
    ['30s', '600s', '1m', '10m'],
  )
})

t.test('the defaults of docs/contract.md, §7, are those of the table', async (t) => {
  const contract = await readFile(new URL('docs/contract.md', projectUrl), 'utf8')
  const section = contract.slice(contract.indexOf('## 7. Settings'), contract.indexOf('## 8.'))
  let compared = 0
  for (const [, first = '', second = ''] of section.matchAll(/^\| (`[A-Z].*?) \| (.*?) \|/gm)) {
    const names = [...first.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name)
    const written = second.match(/ *`[^`]*`[^,;]*|[^,;`]+/g) ?? []
    // Where a cell tells in words, there are more or fewer of them.
    if (written.length !== names.length) continue
    for (const [index, text] of written.entries()) {
      const word = /^`([^`]+)`|^(\d[\d.]*|true|false|on|off)\b/.exec(text.trim())
      const name = names[index] as (typeof settingNames)[number]
      const row = settings[name] as Setting | undefined
      if (!word || row === undefined) continue
      const value = { true: 'on', false: 'off' }[String(word[0])] ?? word[1] ?? word[2]
      t.equal(row.defaultOf ?? defaultOf(row, 'production'), value, name)
      compared += 1
    }
  }
  t.ok(compared > 25, `${compared} defaults`)
})
