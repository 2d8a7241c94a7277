// A pooler on loopback between a service and its database: it refuses the parameters that PgBouncer refuses, and in transaction mode
// knows no names of statements, as PgBouncer before 1.21. Needs nothing but Node.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** What PgBouncer 1.18 takes. */
const taken = [
  'user',
  'database',
  'client_encoding',
  'datestyle',
  'timezone',
  'standard_conforming_strings',
  'application_name',
]

export type PoolerOptions = Readonly<{
  /** drops what it does not take, instead of refusing it (`ignore_startup_parameters`) */
  ignores?: boolean
  /** gives a connection of its own to somebody else after each transaction */
  isShared?: boolean
}>

/** Starts one before the server of that connection string; returns the connection string of the same database through it. */
export async function startPooler(t: Test, url: string, { ignores = false, isShared = false }: PoolerOptions = {}) {
  const { hostname, port } = new URL(url)
  /** of all clients: it is as if they had one connection */
  const names = new Set<string>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    upstream.pipe(client)
    client.once('data', (startup) => {
      const parameters = readStartup(startup)
      const strange = Object.keys(parameters).find((name) => !taken.includes(name.toLowerCase()))
      if (strange !== undefined && !ignores) {
        client.end(errorMessage('FATAL', '08P01', `unsupported startup parameter: ${strange}`))
        return
      }
      upstream.write(
        writeStartup(
          Object.fromEntries(Object.entries(parameters).filter(([name]) => taken.includes(name.toLowerCase()))),
        ),
      )
      forward(client, upstream, isShared ? names : null)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const pooled = new URL(url)
  pooled.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return pooled.href
}

/** Hands messages on, and answers a Parse with a name that was taken as the server would whose connection is shared. */
function forward(client: Socket, upstream: Socket, names: Set<string> | null): void {
  const mine = new Set<string>()
  let isSkipping = false

  function take(message: Buffer): void {
    const type = String.fromCharCode(Number(message[0]))
    const name = type === 'P' ? message.subarray(5, message.indexOf(0, 5)).toString() : ''
    if (name !== '' && names?.has(name) && !mine.has(name)) {
      client.write(errorMessage('ERROR', '42P05', `prepared statement "${name}" already exists`))
      isSkipping = true
    } else if (name !== '') {
      names?.add(name)
      mine.add(name)
    }
    // Of the Sync alone the server says that it is ready.
    if (type === 'S') isSkipping = false
    if (!isSkipping) upstream.write(message)
  }

  let rest = Buffer.alloc(0)
  client.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const message = rest.subarray(0, rest.readInt32BE(1) + 1)
      rest = rest.subarray(message.length)
      take(message)
    }
  })
}

function readStartup(message: Buffer): Record<string, string> {
  const words = message.subarray(8).toString().split('\0')
  const pairs: [string, string][] = []
  for (let place = 0; words[place]; place += 2) pairs.push([String(words[place]), String(words[place + 1])])
  return Object.fromEntries(pairs)
}

function writeStartup(parameters: Record<string, string>): Buffer {
  const body = Buffer.from(`${Object.entries(parameters).flat().join('\0')}\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 8, 0)
  // version 3.0 of the protocol
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, body])
}

function errorMessage(severity: string, code: string, text: string): Buffer {
  const body = Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${text}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
