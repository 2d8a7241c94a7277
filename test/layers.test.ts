// Which module of src/ may import which (docs/architecture.md): one list. That no two files import each other in a circle, the linter
// says.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { sourcesUnder } from './runner/compile.js'

/** What a module imports beside itself. Files of src/ itself are their own modules. */
const mayImport: Record<string, readonly string[]> = {
  config: [],
  circuit: [],
  tracing: ['config'],
  database: ['config', 'errors', 'generated', 'tracing'],
  http: ['config', 'database', 'errors', 'reading', 'showing', 'tracing'],
  identifiers: ['config', 'errors', 'reading'],
  otp: ['config', 'database', 'errors', 'generated', 'identifiers'],
  sessions: ['config', 'database', 'errors', 'generated', 'http'],
  limits: ['config', 'database', 'generated', 'http'],
  audit: ['config', 'database', 'generated', 'http', 'identifiers'],
  operations: ['config', 'database', 'errors', 'http', 'identifiers'],
  messaging: ['audit', 'circuit', 'config', 'errors', 'http', 'identifiers', 'tracing'],
  users: [
    'audit',
    'config',
    'database',
    'errors',
    'generated',
    'http',
    'identifiers',
    'limits',
    'otp',
    'reading',
    'sessions',
    'showing',
  ],
  development: ['app', 'config', 'database', 'errors', 'http', 'operations', 'server'],
}
mayImport['events'] = [...(mayImport['users'] ?? []), 'circuit', 'users']
mayImport['auth'] = [...(mayImport['users'] ?? []), 'messaging', 'users']
mayImport['account'] = [...mayImport['auth'], 'auth']
mayImport['passkeys'] = mayImport['account']
mayImport['helpdesk'] = [...(mayImport['users'] ?? []), 'messaging', 'users']
mayImport['api-keys'] = [...(mayImport['users'] ?? []), 'users']
mayImport['pages'] = ['auth', 'config', 'http', 'messaging']
mayImport['stopping'] = ['opening']
mayImport['cli'] = [
  ...mayImport['auth'],
  'api-keys',
  'auth',
  'cleanup-tasks',
  'development',
  'events',
  'operations',
  'server',
]

/** What only those import that start a process. */
const entries = ['server', 'embed', 'cli', 'development']
const isRoute = (file: string) => /-(routes|schemas)\.ts$/.test(file)
/** Plugins of Fastify: the only files beside routes and the module http that know it. */
const plugins =
  /^src\/(development\/openapi\/document|sessions\/(authenticate|cookies|jwt-plugin)|users\/policies)\.ts$/

const moduleOf = (path: string) => path.split('/')[1]?.replace(/\.(ts|js)$/, '') ?? ''
const isOurs = (specifier: string) => specifier.startsWith('.')

/** Why the file may not import that; undefined where it may. */
function faultOf(file: string, specifier: string): string | undefined {
  const from = moduleOf(file)
  if (!isOurs(specifier)) {
    const isFastify = /^(@fastify\/|fastify(\/|$))/.test(specifier)
    if (
      !isFastify ||
      from === 'http' ||
      ['app', 'opening', 'embed'].includes(from) ||
      isRoute(file) ||
      plugins.test(file)
    )
      return undefined
    return 'knows Fastify, which only http, routes and plugins do'
  }
  const path = join(dirname(file), specifier)
  if (!path.startsWith('src/')) return undefined
  const to = moduleOf(path)
  if (to === from) return undefined
  if (isRoute(file) && ['database', 'generated'].includes(to)) return `is a route and knows ${to}: it asks a service`
  const allowed = mayImport[from]
  if (allowed && !allowed.includes(to)) return `imports ${to}: ${from} may import ${allowed.join(', ') || 'nothing'}`
  if (!allowed && !entries.includes(from) && entries.includes(to)) return `imports ${to}, which imports the application`
  return undefined
}

t.test('modules import only what lies below them', async (t) => {
  const files = (await sourcesUnder('src')).filter((file) => !file.startsWith('src/generated/'))
  let imports = 0
  for (const file of files) {
    const text = await readFile(file, 'utf8')
    for (const [, specifier = ''] of text.matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm)) {
      imports += 1
      const fault = faultOf(file, specifier)
      if (fault) t.fail(`${file} ${fault} ('${specifier}')`)
    }
  }
  t.ok(imports > 900, `${imports} imports of ${files.length} files`)
})

t.test('what is wrong is said', async (t) => {
  const faults: [string, string, RegExp | undefined][] = [
    ['src/config/formats.ts', '../http/headers.js', /imports http: config may import nothing/],
    ['src/otp/code.ts', '../users/user.js', /imports users: otp may import config/],
    ['src/otp/code.ts', 'fastify', /knows Fastify/],
    ['src/audit/events.ts', '@fastify/cookie', /knows Fastify/],
    ['src/users/list.ts', '../auth/sign-in.js', /imports auth/],
    ['src/auth/sign-in.ts', '../account/identifiers.js', /imports account/],
    ['src/auth/routes/mobile-routes.ts', '../../database/client.js', /is a route and knows database/],
    ['src/app.ts', './cli/doctor.js', /imports cli/],
    ['src/services.ts', './server.js', /imports server/],
    ['src/auth/routes/mobile-routes.ts', 'fastify', undefined],
    ['src/auth/sign-in.ts', '../database/client.js', undefined],
    ['src/otp/code.ts', './issue.js', undefined],
    ['src/cli/doctor.ts', '../cleanup-tasks.js', undefined],
  ]
  for (const [file, specifier, expected] of faults) {
    const fault = faultOf(file, specifier)
    if (expected) t.match(fault, expected, `${file} ${specifier}`)
    else t.equal(fault, undefined, `${file} ${specifier}`)
  }
})
