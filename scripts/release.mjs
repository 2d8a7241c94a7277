// What a release does beside building: .github/workflows/release.yml runs it, and so does whoever prepares one (docs/releasing.md).
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readWords } from './parts/words.mjs'

const root = new URL('../', import.meta.url)
const say = (line) => process.stdout.write(`${line}\n`)
const complain = (line) => process.stderr.write(`${line}\n`)
const read = (path) => readFileSync(new URL(path, root), 'utf8')

/**
 * The section of a version in a changelog (keepachangelog.com), without its heading.
 *
 * @throws Error where there is none, it has no date, or it says nothing
 */
export function sectionOf(changelog, version) {
  const sections = changelog.split(/^## /m).slice(1)
  const section = sections.find((text) => text.startsWith(`${version} `) || text.startsWith(`${version}\n`))
  if (section === undefined) throw new Error(`CHANGELOG.md has no section ${version}: rename "Unreleased" to it`)
  const [heading = '', ...lines] = section.split('\n')
  if (!/ - \d{4}-\d{2}-\d{2}$/.test(heading))
    throw new Error(`CHANGELOG.md: the heading "${heading}" lacks its date, as in "${version} - 2027-01-31"`)
  const text = lines.join('\n').trim()
  if (text === '') throw new Error(`CHANGELOG.md says nothing of ${version}`)
  return text
}

/** Versions that are another than that of the tag, each with its file. */
export function otherVersions(version, manifests) {
  return Object.entries(manifests)
    .filter(([, manifest]) => manifest.version !== version)
    .map(([path, manifest]) => `${path} is of ${manifest.version}`)
}

/** package.json of the service and of each package that is published, by path. */
function readManifests() {
  const folders = readdirSync(new URL('packages/', root)).map((name) => `packages/${name}/package.json`)
  const paths = ['package.json', ...folders.filter((path) => existsSync(new URL(path, root)))]
  return Object.fromEntries(paths.map((path) => [path, JSON.parse(read(path))]))
}

function publish(manifests) {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env
  if (!server || !repository)
    throw new Error('only the release workflow publishes: provenance says which repository a package is of')
  for (const [path, { name, version, private: isPrivate }] of Object.entries(manifests)) {
    if (isPrivate) continue
    const folder = path.replace(/\/?package\.json$/, '') || '.'
    const cwd = fileURLToPath(new URL(`${folder}/`, root))
    const npm = (...words) =>
      execFileSync('npm', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    if (isPublished(name, version)) {
      say(`${name} ${version} is there`)
      continue
    }
    npm(
      'pkg',
      'set',
      'repository.type=git',
      `repository.url=git+${server}/${repository}.git`,
      `repository.directory=${folder}`,
    )
    npm('publish', '--provenance', '--access', 'public')
    say(`${name} ${version} is published`)
  }
}

function isPublished(name, version) {
  try {
    return (
      execFileSync('npm', ['view', `${name}@${version}`, 'version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() === version
    )
  } catch {
    return false
  }
}

const usage = `Usage: node scripts/release.mjs notes|publish v1.2.3

notes checks that all versions are this one, and prints what the CHANGELOG says of it. publish sends packages/* to npm, with
provenance, from the release workflow alone.`
const tagPattern = /^v(\d+\.\d+\.\d+)$/

function main() {
  const { words } = readWords(usage, {
    accepts: (word) => ['notes', 'publish'].includes(word) || tagPattern.test(word),
  })
  const [command, tag = ''] = words
  const version = tagPattern.exec(tag)?.[1]
  if (version === undefined || tagPattern.test(command) || words.length > 2) {
    complain('Missing: notes or publish, and the tag of the release; --help explains them')
    return 2
  }
  try {
    const manifests = readManifests()
    const notes = sectionOf(read('CHANGELOG.md'), version)
    const others = otherVersions(version, manifests)
    if (others.length > 0) throw new Error(`not all are of ${version}: ${others.join(', ')}`)
    if (command === 'notes') say(notes)
    else publish(manifests)
    return 0
  } catch (error) {
    complain(error.message)
    return 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main()
