// Runs a command under another version of Node.js: `node scripts/on-node.mjs 24 -- npm test -- test/http`.
// The versions are those of node-versions.json. Each is fetched once, by npm, as the package that holds its binary.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))
const versions = JSON.parse(readFileSync(new URL('node-versions.json', import.meta.url), 'utf8'))
const isWindows = process.platform === 'win32'
const usage = `Usage: node scripts/on-node.mjs ${Object.keys(versions).join('|')} -- COMMAND [ARGUMENTS]

Runs the command, and all that it starts, with that version of Node.js first in PATH:
${Object.values(versions).join(', ')}. They are kept in .data/node.
Install packages with the npm of the machine: the global settings of npm follow the Node.js that runs it.
`

function end(code, text) {
  const stream = code === 0 ? process.stdout : process.stderr
  stream.write(text)
  process.exit(code)
}

/** The path of the binary of a version, which is fetched where it is not there yet. */
function binaryOf(version) {
  const folder = join(projectDirectory, '.data', 'node', version)
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
  const binary = (place) => join(place, 'node_modules', name, 'bin', isWindows ? 'node.exe' : 'node')
  if (!existsSync(binary(folder))) fetchPackage(`${name}@${version}`, folder)
  return binary(folder)
}

/** Installs a package into a folder that is complete as soon as it is there. */
function fetchPackage(specifier, folder) {
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  // npm looks for the project above a folder without one, and would install there.
  writeFileSync(join(unfinished, 'package.json'), '{ "private": true }\n')
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const { status } = spawnSync('npm', ['install', ...options, specifier], {
    cwd: unfinished,
    stdio: ['ignore', 2, 2],
    shell: isWindows,
  })
  if (status === 0) {
    rmSync(folder, { recursive: true, force: true })
    renameSync(unfinished, folder)
  } else {
    rmSync(unfinished, { recursive: true, force: true })
    end(1, `npm could not install ${specifier}\n`)
  }
}

function run(binary, [command, ...words]) {
  const path = [dirname(binary), process.env['PATH']].join(delimiter)
  const child = spawn(command, words, { stdio: 'inherit', env: { ...process.env, PATH: path }, shell: isWindows })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  // The terminal sends Ctrl-C to the command as well.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.on('error', (error) => end(1, `${command}: ${error.message}\n`))
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 130))
}

const [major, separator, ...command] = process.argv.slice(2)
if (major === '--help' || major === '-h') end(0, usage)
if (!Object.hasOwn(versions, major ?? '') || separator !== '--' || command.length === 0) end(2, usage)
run(binaryOf(versions[major]), command)
