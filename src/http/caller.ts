// Where a request comes from, as far as services have to know.
import type { FastifyRequest } from 'fastify'
import { truncatedNetwork } from './address.js'
import { requestedLanguages } from './languages.js'

export type Caller = Readonly<{
  /** the client's IP address, as the nearest trusted proxy says */
  address: string
  /** the same with too little left to be somebody's */
  network: string
  requestId: string
  /** what the client says that it is; undefined where it says nothing */
  userAgent: string | undefined
  /** what a device keeps that somebody signed in on; undefined where the client sent none */
  deviceToken: string | undefined
  /** that are asked for (BCP 47), the most wanted first; none where the client does not say */
  languages: readonly string[]
}>

/** @param deviceToken from the body, where clients without cookies send it; it wins over the cookie */
export function callerOf({ ip, id, headers, cookies }: FastifyRequest, deviceToken?: string): Caller {
  return {
    address: ip,
    network: truncatedNetwork(ip),
    requestId: id,
    userAgent: headers['user-agent'],
    deviceToken: deviceToken ?? cookies['device'],
    // Read when they are asked for: only messages and new accounts have a language.
    get languages() {
      return requestedLanguages(headers)
    },
  }
}
