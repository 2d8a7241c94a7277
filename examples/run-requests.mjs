// Sends all of requests.http, from top to bottom, and holds each answer against the status that its title says:
// `node run-requests.mjs [URL]`, of a service that runs by `npm run dev`. The last line counts; the exit code is 0 if all were right.
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import httpyac from 'httpyac'
import { readWords } from '../scripts/parts/words.mjs'

process.chdir(import.meta.dirname)
const usage = `Usage: node run-requests.mjs [URL]

Sends all of requests.http to a service that runs by npm run dev.`
const url = readWords(usage, { accepts: (word) => URL.canParse(word) }).words[0]?.replace(/\/$/, '')
const say = (line) => process.stdout.write(`${line}\n`)

// People of this run alone, so that no limit of the one before holds.
const digits = (length) => String(randomInt(10 ** length)).padStart(length, '0')
const phone = `98${digits(8)}`
const own = {
  mobileNumber: `98${digits(8)}`,
  phone,
  email: `asha.${digits(9)}@example.com`,
  newEmail: `asha.new.${digits(9)}@example.com`,
  otherPhone: `+9198${digits(8)}`,
  ...(url && { baseUrl: url }),
}

/** The file with other values for its variables. */
async function readRequests() {
  let text = await readFile('requests.http', 'utf8')
  for (const [name, value] of Object.entries(own)) {
    const line = new RegExp(`^@${name} = .*$`, 'm')
    if (!line.test(text)) throw new Error(`requests.http has no @${name}`)
    text = text.replace(line, `@${name} = ${value}`)
  }
  return text
}

/** Ends the run with a line where nothing is to be reached: every request would fail by itself. */
async function ensureItRuns(service) {
  if (!/^https?:\/\/\S+$/.test(service)) {
    process.stderr.write(`${service} is no address of a service, such as http://127.0.0.1:3000\n`)
    process.exit(2)
  }
  const isThere = await fetch(`${service}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  )
  if (isThere) return
  process.stderr.write(`No service answers at ${service}: start it by \`npm run dev\` in the folder above\n`)
  process.exit(1)
}

/** The statuses of a title, `Delete it: 200, again 404`; a second call is not made. */
const expectedOf = (title) => (title.split(/[,;] again /)[0].match(/\b[2-5]\d\d\b/g) ?? []).map(Number)

async function becomeAdmin() {
  const command = promisify(execFile)('npm', ['run', '--silent', 'admin', '--', 'grant', `+91${phone}`], { cwd: '..' })
  await command.catch(({ stderr }) => say(`FAIL npm run admin: ${stderr}`)) // the calls for admins then fail by themselves
  say(`--   npm run admin -- grant +91${phone}`)
}

await ensureItRuns(url ?? /^@baseUrl = (.*)$/m.exec(await readFile('requests.http', 'utf8'))[1])
await httpyac.cli.initIOProvider()
const store = new httpyac.store.HttpFileStore()
const httpFile = await store.getOrCreate('requests.http', readRequests, 0, { workingDir: import.meta.dirname })
const counts = { passed: 0, failed: 0 }

for (const httpRegion of httpFile.httpRegions) {
  if (!httpRegion.request) continue
  const title = String(httpRegion.metaData.title ?? httpRegion.symbol.name)
  if (title.startsWith('List:')) await becomeAdmin()
  let response
  const logResponse = async (answer) => {
    response = answer
  }
  await httpyac.send({ httpFile, httpRegion, logResponse })
  const status = response?.statusCode
  const isRight = expectedOf(title).includes(status)
  counts[isRight ? 'passed' : 'failed'] += 1
  say(isRight ? `ok   ${title}` : `FAIL ${title}\n     was ${status}: ${String(response?.body).slice(0, 500)}`)
}
say(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
