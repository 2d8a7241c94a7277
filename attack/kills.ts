// `npm run attack:kills`: kills replicas fifty times (SIGKILL) while they change users and deliver their events, and looks at what was lost.
// Every committed change has its event, every event arrives at least once, and a user's events arrive in their order.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { exitCodeAfter, parseCommandLineOrExit } from '../src/config/command-line.js'
import { startDatabases } from './support/database.js'
import { projectDirectory } from './support/process.js'
import { tell } from './support/table.js'

const kills = 50
const replicas = 2
const secret = `whsec_${Buffer.from('a secret of fifty kills, 32 bytes').toString('base64')}`
const users = Array.from({ length: 20 }, (_, n) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`)

type Received = { id: string; data: { user_id: string } }

/** Takes events, refuses one in fifty, and remembers what came in which order. */
async function startReceiver() {
  const received: Received[] = []
  let asked = 0
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked += 1
    if (asked % 50 === 0) return response.writeHead(500).end()
    received.push(new Webhook(secret).verify(body, request.headers as Record<string, string>) as Received)
    return response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`
  return { received, url, close: () => server.closeAllConnections() }
}

async function main(): Promise<number> {
  parseCommandLineOrExit(
    { program: 'npm run attack:kills --', summary: 'Kills replicas fifty times while they deliver events.' },
    process.argv.slice(2),
  )
  const databases = await startDatabases(projectDirectory, tell)
  const receiver = await startReceiver()
  const running = new Set<ChildProcess>()
  try {
    const { url, query } = await databases.create()
    await query(
      `INSERT INTO users (id, user_name, phone) SELECT id::uuid, '0', '+9198765' || to_char(n, 'FM00000')
      FROM unnest($1::text[]) WITH ORDINALITY AS x (id, n)`,
      [users],
    )
    const program = join(import.meta.dirname, 'support', 'kills-worker.mjs')
    const start = async () => {
      const child = fork(program, [url, receiver.url, secret, users.join()], { execArgv: [] })
      running.add(child)
      await once(child, 'message')
      return child
    }
    const living = [await start()]
    while (living.length < replicas) living.push(await start())
    for (let n = 0; n < kills; n += 1) {
      await sleep(Math.random() * 150)
      const [victim] = living.splice(Math.floor(Math.random() * living.length), 1)
      victim?.kill('SIGKILL')
      living.push(await start())
      if ((n + 1) % 10 === 0) tell(`${n + 1} kills, ${receiver.received.length} events so far`)
    }
    // No further changes: who is left delivers the rest.
    for (const child of living) child.send('quiet')
    const isDone = async () => {
      const [row] = await query<{ done: boolean }>(`SELECT
        NOT EXISTS (SELECT FROM event_outbox) AND NOT EXISTS (SELECT FROM event_deliveries)
        AND (SELECT e.position = n.last FROM event_endpoints e, event_numbers n) AS done`)
      return row?.done === true
    }
    for (let n = 0; n < 300 && !(await isDone()); n += 1) await sleep(100)
    const events = await query<{ position: string; user_id: string }>(
      `SELECT position, user_id FROM events WHERE type = 'user.updated' ORDER BY position`,
    )
    const counted = await query<{ id: string; count: number }>('SELECT id, user_name::int AS count FROM users')
    return judge(events, counted, receiver.received)
  } finally {
    for (const child of running) child.kill('SIGKILL')
    receiver.close()
    await databases.stop()
  }
}

/** Says what was lost, and of what kind. */
function judge(
  events: readonly { position: string; user_id: string }[],
  counted: readonly { id: string; count: number }[],
  received: readonly Received[],
): number {
  const placeOf = ({ id }: Received) => BigInt(`0x${id.slice(19).replace('-', '')}`) & 0x3fff_ffff_ffff_ffffn
  const arrived = new Set(received.map((event) => String(placeOf(event))))
  const lost = events.filter(({ position }) => !arrived.has(position))
  const twice = received.length - arrived.size
  const unwritten = counted.filter(({ id, count }) => count !== events.filter(({ user_id }) => user_id === id).length)
  // Where one comes for the first time, none of its user that happened later has come.
  const seen = new Map<string, bigint>()
  const outOfOrder = received.filter((event) => {
    const [place, last] = [placeOf(event), seen.get(event.data.user_id) ?? 0n]
    if (place > last) seen.set(event.data.user_id, place)
    return place < last && !received.slice(0, received.indexOf(event)).some((before) => before.id === event.id)
  })
  tell(`${kills} kills, ${events.length} events, ${lost.length} lost, ${twice} twice`)
  const faults = { 'changes without their event': unwritten, 'events lost': lost, 'events out of order': outOfOrder }
  let failed = 0
  for (const [name, found] of Object.entries(faults)) {
    if (found.length > 0) failed += 1
    tell(`${found.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${found.length}`)
  }
  const hasWorked = events.length > 1_000
  if (!hasWorked) tell('FAIL too little happened to say anything')
  tell(`${3 - failed + Number(hasWorked)} passed, ${failed + Number(!hasWorked)} failed`)
  return failed === 0 && hasWorked ? 0 : 1
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`npm run attack:kills: ${error.message}\n`)
    process.exit(exitCodeAfter(error))
  },
)
