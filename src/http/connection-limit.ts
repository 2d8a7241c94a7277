// How many connections one address may have: each costs memory before anything is asked on it, where no flood guard counts.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { blockListOf, clientAddress } from './address.js'

export type ConnectionLimit = Readonly<{
  /** connections of one client at once: an IPv4 address, or a /64 */
  most: number
  /** proxies, over whose connections many people come */
  exempt: readonly string[]
}>

/** Milliseconds between two lines of the log that tell of refused connections. */
const tellEvery = 60_000

/**
 * Cuts off connections of an address that has its share. Not those of a second server that Fastify has for the host name `localhost`:
 * nobody reaches that from elsewhere.
 */
export function limitConnections(app: FastifyInstance, { most, exempt }: ConnectionLimit): void {
  const counts = new Map<string, number>()
  const proxies = blockListOf(exempt)
  let toldAt = Number.NEGATIVE_INFINITY

  function refuse(socket: Socket): void {
    // A reset: an orderly end would keep it for a while.
    socket.resetAndDestroy()
    if (performance.now() - toldAt < tellEvery) return
    toldAt = performance.now()
    app.log.warn({ most }, 'connections of an address that has its share are cut off; a proxy belongs into TRUST_PROXY')
  }

  app.server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket
    // Empty where the client has gone already.
    if (remoteAddress === '' || proxies.has(remoteAddress)) return
    const { block } = clientAddress(remoteAddress)
    const count = (counts.get(block) ?? 0) + 1
    if (count > most) return refuse(socket)
    counts.set(block, count)
    socket.once('close', () => {
      const left = Number(counts.get(block)) - 1
      if (left > 0) counts.set(block, left)
      else counts.delete(block)
    })
  })
}
