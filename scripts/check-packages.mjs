// Packs every package of packages/ and the service itself, installs them together into an empty folder outside of the project, and holds
// what came there to what an application does: it is imported, compiled strictly against in both ways of resolving modules, weighed, and
// the service runs inside an application. `npm run build` first. The last line counts: `N passed, N failed`.
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { readWords } from './parts/words.mjs'

readWords(`Usage: node scripts/check-packages.mjs

Packs every package and the service, installs them into empty folders and uses them there. npm run build first.`)
const run = promisify(execFile)
const project = dirname(import.meta.dirname)
const require = createRequire(import.meta.url)
const compiler = join(dirname(require.resolve('@typescript/native/package.json')), 'bin', 'tsc')
const readJson = async (path) => JSON.parse(await readFile(path, 'utf8'))
const { devDependencies, dependencies } = await readJson(join(project, 'package.json'))

/** Bytes of a package, minified and compressed, without what it asks its application for. */
const budgets = { react: 2_000 }
/** What applications have beside the packages: the newest React, which the tests do not have. */
const beside = ['express', 'hono', '@simplewebauthn/browser', '@types/express', '@types/node'].map(
  (name) => `${name}@${devDependencies[name]}`,
)
beside.push(`fastify@${dependencies.fastify}`, 'react@19.3.1', 'react-dom@19.3.1', '@types/react@19.3.0')

const say = (line) => process.stdout.write(`${line}\n`)
const counts = { passed: 0, failed: 0 }
async function check(name, task) {
  try {
    const said = await task()
    counts.passed += 1
    say(`ok   ${name}${said ? `: ${said}` : ''}`)
  } catch (error) {
    counts.failed += 1
    say(`FAIL ${name}\n${error.stdout || ''}${error.stderr || ''}${error.stdout || error.stderr ? '' : error.stack}`)
  }
}

/** The console is a part of the service, and goes nowhere by itself. */
const isPublished = async (path) => existsSync(path) && !(await readJson(path)).private

const folder = await mkdtemp(join(tmpdir(), 'latchkey-packages-'))
try {
  await checkAll()
} finally {
  await rm(folder, { recursive: true })
}
say(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

async function checkAll() {
  const names = []
  for (const name of (await readdir(join(project, 'packages'))).sort())
    if (await isPublished(join(project, 'packages', name, 'package.json'))) names.push(name)
  const tarballs = {}
  for (const name of names)
    await check(`${name} is packed`, async () => (tarballs[name] = await pack(join('packages', name))))
  // Without its scripts: it is packed as it was built, and others may be running it.
  await check('the service is packed', async () => (tarballs.latchkey = await pack('.', '--ignore-scripts')))
  await check('all of them install into an empty folder', () => install(Object.values(tarballs)))

  for (const name of names) {
    const installed = join(folder, 'node_modules', '@latchkey', name)
    await check(`${name} is what it says it is`, () => isComplete(installed))
    await check(`${name} is imported`, () => isImported(installed))
    if (budgets[name]) await check(`${name} is light`, () => isLight(name))
    await check(`${name} compiles`, () => compiles(name))
  }
  await check('the service compiles', () => compiles('embed', join(project, 'examples/embed/server.ts')))
  await check('React 19 renders it', rendersOnServer)
  await check('the service runs inside an application', runsInside)
  await check('latchkey runs in a folder that has nothing else', () => runsAlone(tarballs.latchkey))
}

async function pack(path, ...more) {
  if (path === '.' && !existsSync(join(project, 'dist/embed.js'))) throw new Error('There is no dist: npm run build')
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, ...more], {
    cwd: join(project, path),
  })
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  const stray = files.filter((file) => /(^|\/)(\.env|\.data|test|node_modules)(\/|$)|\.(pem|key)$/.test(file.path))
  if (stray.length > 0) throw new Error(`It has ${stray.map((file) => file.path)}`)
  return filename
}

async function install(tarballs) {
  await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  const words = ['install', '--no-audit', '--no-fund', '--omit=optional', '--ignore-scripts', '--prefer-offline']
  await run('npm', [...words, ...tarballs.map((name) => `./${name}`), ...beside], { cwd: folder, maxBuffer: 1e8 })
}

function entriesOf(exports) {
  return Object.entries(exports).filter(([path]) => path !== './package.json')
}

async function isComplete(installed) {
  const { license, type, exports } = await readJson(join(installed, 'package.json'))
  if (license !== 'MIT' || type !== 'module') throw new Error('no license, or no modules')
  for (const name of ['LICENSE', 'README.md']) await readFile(join(installed, name))
  for (const [, ways] of entriesOf(exports))
    for (const file of Object.values(ways)) await readFile(join(installed, file))
}

/** By Node.js, as servers that render pages do, also what is for browsers alone. */
async function isImported(installed) {
  const { name, exports } = await readJson(join(installed, 'package.json'))
  for (const [path] of entriesOf(exports)) {
    const text = `console.log(Object.keys(await import(${JSON.stringify(path.replace('.', name))})).length)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { cwd: folder })
    if (Number(stdout) === 0) throw new Error(`${path} exports nothing`)
  }
}

async function bundled(contents, external = []) {
  const { build } = await import('esbuild')
  const stdin = { contents, resolveDir: folder }
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: 'esm', external, write: false })
  return outputFiles[0].contents
}

async function isLight(name) {
  const contents = await bundled(`export * from '@latchkey/${name}'`, ['react', '@latchkey/client'])
  const size = gzipSync(contents, { level: 9 }).length
  if (size > budgets[name]) throw new Error(`${size} bytes, ${budgets[name]} at most`)
  return `${size} bytes`
}

/** A package's usage.ts, strictly and with the declarations of all others: as Node.js resolves modules, and as bundlers do. */
async function compiles(name, source = usageOf(name)) {
  const file = `${name}.${source?.endsWith('x') ? 'tsx' : 'ts'}`
  if (source) await copyFile(source, join(folder, file))
  else {
    const { exports } = await readJson(join(folder, 'node_modules/@latchkey', name, 'package.json'))
    const imports = entriesOf(exports).map(
      ([path], index) => `export * as e${index} from '@latchkey/${name}${path.slice(1)}'`,
    )
    await writeFile(join(folder, file), imports.join('\n'))
  }
  const strict = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--noPropertyAccessFromIndexSignature',
  ]
  const common = [
    ...strict,
    '--noEmit',
    '--target',
    'es2022',
    '--jsx',
    'react-jsx',
    '--types',
    'node',
    '--skipLibCheck',
    'false',
  ]
  for (const [way, ...words] of [
    ['nodenext', '--module', 'nodenext', '--lib', 'es2023,dom,dom.iterable'],
    ['bundler', '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2023,dom,dom.iterable'],
  ]) {
    await run(process.execPath, [compiler, ...common, ...words, file], { cwd: folder }).catch((error) => {
      error.stdout = `${way}: ${error.stdout}`
      throw error
    })
  }
}

function usageOf(name) {
  return ['ts', 'tsx'].map((kind) => join(project, 'packages', name, `usage.${kind}`)).find(existsSync)
}

async function rendersOnServer() {
  const text = `
    import { createElement } from 'react'
    import { renderToString } from 'react-dom/server'
    import { createClient } from '@latchkey/client'
    import { LatchkeyProvider, useSession, useSignIn } from '@latchkey/react'
    const Page = () => [useSession().status, useSignIn().step].join(' ')
    console.log(renderToString(createElement(LatchkeyProvider, { client: createClient({ baseUrl: '' }) }, createElement(Page))))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { cwd: folder })
  if (stdout.trim() !== 'loading idle') throw new Error(stdout)
}

/** Nothing of the project but what was packed; without a database it runs and says that it is not ready. */
async function runsInside() {
  const { generateKeyPairSync } = await import('node:crypto')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const port = await freePort()
  const source = (await readFile(join(project, 'examples/embed/server.ts'), 'utf8')).replaceAll(
    "process.env['PORT']",
    'process.env.PORT',
  )
  await writeFile(join(folder, 'server.mjs'), source)
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      NODE_ENV: 'development',
      DATABASE_URL: 'postgresql://127.0.0.1:9/none',
      MIGRATE_ON_BOOT: 'false',
      JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      OTP_PEPPER: 'a pepper of this check, 32 bytes and more',
    },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const ended = new Promise((_, reject) => child.once('exit', () => reject(new Error(`It ended:\n${said}`))))
  ended.catch(() => {})
  try {
    const ask = async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    const until = Date.now() + 60_000
    for (;;) {
      const status = await Promise.race([ask('/auth-service/health/live').catch(() => 0), ended])
      if (status === 200) break
      if (Date.now() > until) throw new Error(`It did not start:\n${said}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const answers = [
      await ask('/auth-service/health/ready'),
      await ask('/auth-service/.well-known/jwks.json'),
      await ask('/orders'),
    ]
    if (String(answers) !== '503,200,401') throw new Error(`It answered ${answers}`)
  } finally {
    child.kill('SIGKILL')
  }
}

/**
 * `npm install` and `npx latchkey dev`, as somebody who tries it does: an embedded PostgreSQL comes along, and no tool that builds. Then a
 * code is sent and verified, and commands find the database that was left.
 */
async function runsAlone(tarball) {
  const fresh = await mkdtemp(join(tmpdir(), 'latchkey-fresh-'))
  const port = String(await freePort())
  const env = { PATH: process.env.PATH, HOME: fresh, PORT: port, npm_config_cache: await npmCache() }
  const latchkey = async (...words) => (await run('npx', ['latchkey', ...words], { cwd: fresh, env })).stdout
  let service
  try {
    // Where PostgreSQL's own user can get, so that its data is in there too.
    await chmod(fresh, 0o755)
    await writeFile(join(fresh, 'package.json'), '{ "private": true }')
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, tarball)], {
      cwd: fresh,
      env,
    })
    const stray = ['tsx', 'typescript', 'prisma', 'esbuild'].filter((name) =>
      existsSync(join(fresh, 'node_modules', name)),
    )
    if (stray.length > 0) throw new Error(`It brings ${stray}`)
    if (!(await latchkey('--help')).startsWith('Usage: latchkey')) throw new Error('no help')
    if (existsSync(join(fresh, '.data'))) throw new Error('the help made something')

    service = spawn('npx', ['latchkey', 'dev'], { cwd: fresh, env, stdio: ['ignore', 'pipe', 'pipe'] })
    await untilReady(service, `http://127.0.0.1:${port}/health/ready`)
    await signIn(`http://127.0.0.1:${port}`)
    if (JSON.parse(await latchkey('users', 'list', '--json')).users.length !== 1)
      throw new Error('the user is not there')
    const ended = new Promise((resolve) => service.once('exit', resolve))
    service.kill('SIGTERM')
    await ended
    if ((await latchkey('migrate')).trim() !== 'nothing to apply') throw new Error('the database is not migrated')
    await latchkey('status')
  } finally {
    if (service?.exitCode === null) service.kill('SIGTERM')
    await rm(fresh, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
  }
}

/** That of whoever runs this: packages are there already. */
async function npmCache() {
  return (await run('npm', ['config', 'get', 'cache'])).stdout.trim()
}

async function untilReady(child, url) {
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const ended = new Promise((_, reject) => child.once('exit', () => reject(new Error(`It ended:\n${said}`))))
  ended.catch(() => {})
  const until = Date.now() + 60_000
  const isReady = async () => (await fetch(url)).ok
  while (!(await Promise.race([isReady().catch(() => false), ended]))) {
    if (Date.now() > until) throw new Error(`It did not start:\n${said}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function signIn(origin) {
  const post = async (path, body) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    return answer.json()
  }
  const email = { email: 'asha@example.com' }
  const { otp } = await post('/auth/request-otp', email)
  await post('/auth/verify-otp', { ...email, otp })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
