// Compiles sources and tests once, ahead of all test files, to JavaScript under `.build/`, by the compiler that production uses.
// A file then loads in a third of the time that a TypeScript loader takes in each process, and every process of a run, children
// of tests included, runs the same text: coverage of different processes can be added up line by line.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { exitCodeOf } from '../../src/development/processes.js'

/** Where the compiled files are, with the same paths as their sources. */
export const buildFolder = '.build'

/** What the sources find beside their own folder when they run. */
const linked = ['prisma', 'package.json', 'openapi.json']
const copied = ['src/messaging/templates/locales', 'src/generated/page', 'src/generated/console']

/** What the compiled files are made of. */
const inputs = [
  'src',
  'test',
  'attack',
  'bench',
  'examples/drivers',
  'packages/client/src',
  'packages/react/src',
  'packages/server/src',
  'packages/element/src',
  'packages/console/src',
  'tsconfig.json',
  'tsconfig.test.json',
  'package.json',
]

/**
 * Compiles what has changed since the last time, or nothing. Types are not checked: that is `npm run check`. Syntax errors are
 * printed with file and line.
 * @throws Error where something could not be compiled
 */
export async function compile(projectDirectory: string): Promise<void> {
  const target = join(projectDirectory, buildFolder)
  const stampFile = join(target, 'made-of.txt')
  const stamp = await stampOf(projectDirectory)
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return
  await rm(target, { recursive: true, force: true })
  await mkdir(target)
  const require = createRequire(import.meta.url)
  const compiler = join(dirname(require.resolve('@typescript/native/package.json')), 'bin', 'tsc')
  const arguments_ = [compiler, '-p', 'tsconfig.test.json', '--pretty', 'false']
  const child = spawn(process.execPath, arguments_, { cwd: projectDirectory, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await Promise.all([
    exitCodeOf(child),
    ...linked.map((path) => symlink(relative(target, join(projectDirectory, path)), join(target, path))),
    ...copied.map((path) => cp(join(projectDirectory, path), join(target, path), { recursive: true })),
  ])
  if (code !== 0) throw new Error('these files cannot be compiled, so that no test ran')
  await writeFile(stampFile, stamp)
}

/** Names, sizes and times of all inputs. */
async function stampOf(projectDirectory: string): Promise<string> {
  const entryOf = async (path: string) => {
    const { size, mtimeMs } = await stat(join(projectDirectory, path))
    return `${path} ${size} ${mtimeMs}\n`
  }
  const pathsOf = async (input: string) => {
    if (/\.json$/.test(input)) return [input]
    const names = await readdir(join(projectDirectory, input), { recursive: true })
    const isSource = (name: string) => /\.(ts|json)$/.test(name) && !/(^|[\\/])node_modules[\\/]/.test(name)
    return names.filter(isSource).map((name) => join(input, name))
  }
  const paths = (await Promise.all(inputs.map(pathsOf))).flat().sort()
  const entries = await Promise.all(paths.map(entryOf))
  return createHash('sha256').update(entries.join('')).digest('hex')
}

/** The compiled file of a source. */
export function compiledPath(source: string): string {
  return join(buildFolder, source.replace(/\.ts$/, '.js'))
}

/** All sources under a folder, as paths from the project's folder. */
export async function sourcesUnder(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true })
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .sort()
}
