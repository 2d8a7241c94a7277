// The package as it is published: packed, installed into an empty folder, compiled against, run, and weighed.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'
import { newEmail } from '../../support/flows.js'
import { startService } from './service.js'

const run = promisify(execFile)
/** Bytes that an application loads, minified and compressed: the entry, and with it what solves challenges when one comes. */
const budget = 6_000

const application = `
import { autofillOtp, type Client, countdown, createClient, LatchkeyError, memoryStorage, type TokenStorage, type User } from '@latchkey/client'
import { solveChallenge } from '@latchkey/client/challenge'

const secure: TokenStorage = { get: async () => null, set: async () => {}, remove: async () => {} }
export const native: Client = createClient({ baseUrl: 'https://auth.example', storage: secure, language: 'hi' })
const client = createClient({ baseUrl: '', storage: memoryStorage(), solveChallenge: async (challenge, signal) => {
  if ('provider' in challenge) return challenge.site_key
  return solveChallenge(challenge, signal)
} })
export async function signIn(otp: string, signal?: AbortSignal): Promise<User | 'form' | number> {
  const sent = await client.mobile.sendOtp({ mobile_number: '9876543210', mode: 'login' }, { signal })
  countdown(sent.resend_after, (left: number) => left.toFixed(), signal)
  try {
    const answer = await client.mobile.verifyOtp({ mobile_number: '9876543210', otp }, { signal, timeout: 5_000 })
    if (answer.isNewUser) {
      const ticket: string = answer.signup_token
      return ticket ? 'form' : 0
    }
    return answer.user
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error
    switch (error.code) {
      case 'rate_limited': return error.retryAfter ?? 0
      case 'a_code_to_come': return error.status
      default: return error.fields.length
    }
  }
}
export const typed = async (): Promise<string | null> => (await client.request('GET /users/me')).data.email
export const own = async (): Promise<{ mine: 1 }> => client.request<{ mine: 1 }>('GET /something/else', { query: { a: 'b' } })
export const stop: () => void = client.onChange((event) => event === 'signed_out')
await client.identifier.requestOtp({ phonePrefix: '+91', phone: '9876543210' })
await client.identifier.requestOtp({ email: 'asha@example.com' })
await client.request('DELETE /users/me/sessions/:id', { params: { id: 'x' } })
export { autofillOtp }

// @ts-expect-error: phone or email, not both
await client.identifier.requestOtp({ email: 'asha@example.com', phone: '9876543210' })
// @ts-expect-error: a phone needs its prefix
await client.identifier.requestOtp({ phone: '9876543210' })
// @ts-expect-error: no such mode
await client.mobile.sendOtp({ mobile_number: '9876543210', mode: 'register' })
// @ts-expect-error: the answer has no such member
;(await client.me()).password
// @ts-expect-error: an address needs a city
await client.addresses.add({ house_number: '1', street_locality: 'a', state: 'b' })
// @ts-expect-error: a storage forgets too
createClient({ baseUrl: '', storage: { get: () => null, set: () => {} } })
// @ts-expect-error: where the service is has to be said
createClient({})
`
const inBrowser = `
import { autofillOtp } from '@latchkey/client'
export const fill = (input: HTMLInputElement, signal: AbortSignal) => autofillOtp(input, signal)
`
const running = `
import { createClient, memoryStorage } from '@latchkey/client'
const [, , baseUrl, email] = process.argv
const client = createClient({ baseUrl, storage: memoryStorage() })
await client.identifier.requestOtp({ email })
process.stdin.once('data', async (otp) => {
  await client.identifier.verifyOtp({ email, otp: String(otp) })
  const me = await client.me()
  await client.logout()
  console.log(me.email, await client.token())
})
`

t.test('packed, it installs into an empty folder, compiles strictly, and signs in', async (t) => {
  // Outside of the project, whose own packages nothing here may find.
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-client-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const texts = { 'package.json': '{"type":"module"}', 'application.ts': application, 'run.mjs': running }
  await Promise.all(Object.entries(texts).map(([name, text]) => writeFile(join(folder, name), text)))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: 'packages/client' })
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string; files: { path: string }[] }]
  const files = packed.files.map(({ path }) => path).filter((path) => !/^dist\/[\w-]+(\.d)?\.(ts|js)$/.test(path))
  t.strictSame(files.sort(), ['LICENSE', 'README.md', 'package.json'])
  const install = ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`]
  await run('npm', install, { cwd: folder })
  const installed = join(folder, 'node_modules/@latchkey/client')
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  t.match(manifest, { name: '@latchkey/client', license: 'MIT', type: 'module', sideEffects: ['./dist/worker.js'] })
  t.notOk('dependencies' in manifest)

  await Promise.all([compiles(folder), signsIn(folder), weighs(installed)])

  async function compiles(folder: string): Promise<void> {
    const compiler = join(dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')), 'bin/tsc')
    const strict = ['--noEmit', '--strict', '--target', 'es2022', '--skipLibCheck', 'false']
    const types = ['--types', 'node', '--typeRoots', join(process.cwd(), 'node_modules/@types')]
    const exact = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess']
    await mkdir(join(folder, 'browser'))
    await writeFile(join(folder, 'browser/page.ts'), inBrowser)
    const browser = ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom', '--types', '']
    const node = ['--module', 'nodenext', '--lib', 'es2022', ...types, ...exact]
    const ways = [
      ['in a page, by a bundler', ...browser, 'application.ts', 'browser/page.ts'],
      ['in Node.js, without the DOM', ...node, 'application.ts'],
    ]
    for (const [name = '', ...words] of ways) {
      const failed = await run(process.execPath, [compiler, ...strict, ...words], { cwd: folder }).catch(
        (e) => e.stdout,
      )
      t.equal(typeof failed === 'string' ? failed : '', '', name)
    }
  }

  async function signsIn(folder: string): Promise<void> {
    const { service, baseUrl } = await startService(t)
    const email = newEmail()
    const child = run(process.execPath, ['run.mjs', baseUrl, email], { cwd: folder })
    while (service.messages.length === 0) await new Promise(setImmediate)
    child.child.stdin?.end(service.lastCode(email))
    t.equal((await child).stdout, `${email} null\n`)
  }

  async function weighs(installed: string): Promise<void> {
    const bundle = async (contents: string, conditions: string[] = []) => {
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: folder },
        bundle: true,
        splitting: true,
        minify: true,
        format: 'esm',
        target: 'es2022',
        outdir: join(folder, 'out'),
        write: false,
        conditions,
      })
      return outputFiles.map(({ text }) => text)
    }
    const sizeOf = (texts: string[]) => texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0)
    const everything = `export * from '@latchkey/client'`
    const [main = '', ...later] = await bundle(everything)
    // A bundler makes a file of its own of it, for which it takes the solver a second time.
    const worker = await bundle(`import ${JSON.stringify(join(installed, 'dist/worker.js'))}`)
    const sizes = { main: sizeOf([main]), all: sizeOf([main, ...later, ...worker]) }
    t.ok(sizes.all < budget, `${sizes.main} bytes at first, ${sizes.all} with what solves challenges`)
    const native = (await bundle(everything, ['react-native'])).join('')
    t.notMatch(native, /import\.meta|new Worker/, 'React Native’s bundler would stop at these')
    t.match(native, 'PBKDF2')
  }
})
