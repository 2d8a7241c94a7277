// B. Connections that go before their answers are written, and connections that read none of them.
import { existsSync, readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Attack } from './support/context.js'
import type { Service } from './support/fixtures.js'
import { atOnce } from './support/http.js'

const bundle = 'GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nhost: a\r\n\r\n'

/** How many descriptors the process of a service has open. */
const openIn = ({ running }: Service) => readdirSync(`/proc/${running.child.pid}/fd`).length

/** Opens connections that ask and read nothing, each once it has got the first bytes. */
function askWithoutReading({ base }: Service, count: number, text: string): Promise<Socket[]> {
  const { hostname, port } = new URL(base)
  return atOnce(
    count,
    () =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => socket.write(text))
        socket.on('error', reject)
        socket.once('readable', () => resolve(socket))
      }),
  )
}

/** Waits until a service has given back what it held, at most so many seconds; returns how many descriptors it still holds more. */
async function heldAfter(service: Service, before: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1_000
  // Some connections of its own may have come or gone: to the database, to the gateway, ours.
  while (openIn(service) > before + 5 && performance.now() < end) await pause(100)
  return Math.max(0, openIn(service) - before - 5)
}

const leftBehind: Attack = {
  id: 'B14',
  tried: '300 pipelined requests for files of the docs page on 30 connections, which then go: what stays open',
  settings: { DOCS: 'on' },
  async run({ service, skip, note, equal }) {
    if (!existsSync('/proc/self/fd')) skip('what a process has open is read in /proc')
    equal('page', (await service.ask('GET', '/docs')).status, 200)
    const before = openIn(service)
    const sockets = await askWithoutReading(service, 30, bundle.repeat(10))
    note(`${openIn(service) - before} descriptors more while they are there`)
    for (const socket of sockets) socket.destroy()
    equal('left open', await heldAfter(service, before, 10), 0)
    equal('others', (await service.ask('GET', '/health/ready')).status, 200)
  },
}

const unread: Attack = {
  id: 'B15',
  tried: '20 connections that read nothing of 6.9 MB: how many the service still holds after half a minute',
  settings: { DOCS: 'on' },
  async run({ service, skip, equal }) {
    if (!existsSync('/proc/self/fd')) skip('what a process has open is read in /proc')
    const before = openIn(service)
    const sockets = await askWithoutReading(service, 20, bundle.repeat(4))
    equal('held at first', openIn(service) - before >= 20, true)
    equal('held after that', await heldAfter(service, before, 35), 0)
    for (const socket of sockets) socket.destroy()
  },
}

const manyConnections: Attack = {
  id: 'B16',
  tried: '400 connections of one address that ask nothing, FLOOD_PER_MINUTE=50; others meanwhile',
  async run({ fixtures, equal }) {
    const service = await fixtures.ownService({ FLOOD_PER_MINUTE: '50' })
    const { hostname, port } = new URL(service.base)
    const sockets = Array.from({ length: 400 }, () =>
      connect({ port: Number(port), host: hostname, localAddress: '127.0.0.9' }).on('error', () => {}),
    )
    const kept = () => sockets.filter(({ closed }) => !closed).length
    // Those that are kept are let go after four seconds, since they ask nothing.
    for (const end = performance.now() + 3_000; kept() > 100 && performance.now() < end; ) await pause(20)
    equal('kept', kept(), 100)
    equal('others', (await service.ask('GET', '/health/ready')).status, 200)
    for (const socket of sockets) socket.destroy()
    await service.stop('SIGKILL')
  },
}

const slowBodies: Attack = {
  id: 'B17',
  tried: '20 bodies of which a byte comes each half second, on both flows: an answer, and the connection ends',
  async run({ service, equal, expect }) {
    const { hostname, port } = new URL(service.base)
    const begin = performance.now()
    const texts = await atOnce(20, async (index) => {
      const path = ['/api/auth/send-otp', '/auth/verify-otp'][index % 2]
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{`)
      const dripping = setInterval(() => socket.write(' '), 500)
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      await new Promise((resolve) => socket.once('close', resolve))
      clearInterval(dripping)
      return text
    })
    const seconds = (performance.now() - begin) / 1_000
    // Five, and what a busy machine adds: each byte begins nothing anew.
    expect(seconds > 4 && seconds < 15, `it took ${seconds.toFixed(1)} s`)
    equal(
      '408 in the one shape',
      texts.filter((text) => /^HTTP\/1.1 408 .*"code":"request_timeout"/s.test(text)).length,
      20,
    )
  },
}

const heldBodies: Attack = {
  id: 'B19',
  tried:
    '1,000 sends whose bodies are held back, while the database hangs for a second: whether others are refused for them',
  async run({ fixtures, note, equal }) {
    const service = await fixtures.ownService({ FLOOD_PER_MINUTE: '300', LOAD_SHEDDING: 'on' })
    const { hostname, port } = new URL(service.base)
    const head =
      'POST /auth/request-otp HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{'
    // Of four addresses: none asks more than the flood guard lets it.
    const sockets = await atOnce(1_000, async (index) => {
      const socket = connect({ port: Number(port), host: hostname, localAddress: `127.0.0.${10 + (index % 4)}` })
      socket.on('error', () => {})
      await new Promise((resolve) => socket.write(head, resolve))
      return socket
    })
    const held = service.grey.query('BEGIN; LOCK TABLE country_breakers IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.2)')
    await pause(200)
    const send = (index: number) =>
      service.ask('POST', '/auth/request-otp', { json: { phonePrefix: '+91', phone: `98765430${10 + index}` } })
    // As many as there are calls at once: from then on there is a queue.
    const underWay = [send(0), send(1)]
    await pause(400)
    const others = await Promise.all([2, 3, 4].map(send))
    note(`${sockets.filter((socket) => !socket.destroyed).length} bodies are still held back`)
    await held
    equal('others', others.map(({ status }) => status).join(), '200,200,200')
    equal('those under way', (await Promise.all(underWay)).map(({ status }) => status).join(), '200,200')
    for (const socket of sockets) socket.destroy()
    await service.stop('SIGKILL')
  },
}

export const connections: readonly Attack[] = [leftBehind, unread, manyConnections, slowBodies, heldBodies]
