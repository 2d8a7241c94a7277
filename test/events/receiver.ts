// An endpoint of the product's own: verifies what it gets by the package of Standard Webhooks, and answers as a test wants.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Test } from 'tap'
import { checkWebhook } from '../support/answer-check.js'

export type Received = Readonly<{
  id: string
  type: string
  timestamp: string
  data: Readonly<{ user_id: string | null }> & Readonly<Record<string, unknown>>
}>

/** What is answered: a status, with `Retry-After` where that is told too; or a promise that is kept open. */
export type Judge = (event: Received, message: IncomingMessage) => Verdict | Promise<Verdict>
type Verdict = number | Readonly<{ status: number; retryAfter: string }>

export const secret = `whsec_${Buffer.from('a secret of the tests, 32 bytes!').toString('base64')}`

export type Receiver = Readonly<{
  url: string
  /** what was taken, in the order of its arrival */
  taken: Received[]
  /** how often somebody came, taken or not */
  asked: () => number
  judgeBy: (judge: Judge) => void
  until: (isDone: (taken: readonly Received[]) => boolean) => Promise<void>
}>

export async function startReceiver(t: Pick<Test, 'teardown'>, verifyBy = secret): Promise<Receiver> {
  const taken: Received[] = []
  let asked = 0
  let judge: Judge = () => 204
  let notify = () => {}
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked += 1
    const event = new Webhook(verifyBy).verify(body, request.headers as Record<string, string>) as Received
    checkWebhook('event', event)
    if (event.id !== request.headers['webhook-id']) throw new Error('an event has another id than its webhook')
    const verdict = await judge(event, request)
    const { status, retryAfter } = typeof verdict === 'number' ? { status: verdict } : verdict
    if (status < 300) taken.push(event)
    if (status >= 300 && status < 400) response.setHeader('location', '/elsewhere')
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
    response.writeHead(status).end()
    notify()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    taken,
    asked: () => asked,
    judgeBy: (by) => {
      judge = by
    },
    async until(isDone) {
      while (!isDone(taken)) {
        await new Promise<void>((resolve) => {
          notify = resolve
        })
      }
    },
  }
}
