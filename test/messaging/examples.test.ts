// What the documents show works: the driver of docs/drivers.md, and the receiver of examples/webhook-receiver.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createOutboxSender } from '../../examples/drivers/outbox-sender.js'
import { createWebhookSender } from '../../src/messaging/drivers/webhook.js'
import { type GatewayRequest, startGateway } from '../support/gateway.js'
import { email, outcomeOf, sms } from '../support/messages.js'
import { projectUrl } from '../support/project.js'

const signal = () => AbortSignal.timeout(5_000)

t.test('docs/drivers.md shows the driver of examples/drivers, word for word', async (t) => {
  const page = await readFile(new URL('docs/drivers.md', projectUrl), 'utf8')
  const driver = await readFile(new URL('examples/drivers/outbox-sender.ts', projectUrl), 'utf8')
  t.ok(page.includes(`\`\`\`ts\n${driver}\`\`\`\n`))
})

t.test('that driver drops a file for each SMS', async (t) => {
  const folder = t.testdir()
  const sender = createOutboxSender({ folder })
  const { messageId } = await sender.send(sms, signal())
  t.strictSame(await readdir(folder), [`${messageId}.json`], 'and leaves no draft')
  const file = JSON.parse(await readFile(join(folder, `${messageId}.json`), 'utf8'))
  t.strictSame(file, { to: sms.to, text: sms.text })
  t.equal(await outcomeOf(sender.send(email, signal())), 'refused')
  t.equal(await outcomeOf(createOutboxSender({ folder: join(folder, 'none') }).send(sms, signal())), 'refused')
  t.equal(await outcomeOf(sender.send(sms, AbortSignal.abort())), 'refused', 'given up before the file was whole')
})

const key = Buffer.alloc(32, 7)

async function startReceiver(t: Test, gatewayUrl: string) {
  const program = fileURLToPath(new URL('examples/webhook-receiver/receiver.mjs', projectUrl))
  const child = spawn(process.execPath, [program], {
    env: { SENDER_WEBHOOK_SECRET: `whsec_${key.toString('base64')}`, GATEWAY_URL: gatewayUrl, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill())
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the receiver did not start')))
  const [line] = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), ended])
  return `http://127.0.0.1:${/"port":(\d+)/.exec(line)?.[1]}/`
}

t.test('the receiver hands on what the service signed, once, and nothing else', async (t) => {
  let status = 202
  const gateway = await startGateway(t, (response) => response.writeHead(status).end())
  const url = await startReceiver(t, gateway.origin)
  const sender = createWebhookSender({ url, key })
  const stranger = createWebhookSender({ url, key: Buffer.alloc(32, 8) })
  t.teardown(() => Promise.all([sender.close?.(), stranger.close?.()]))

  t.equal(await outcomeOf(sender.send(sms, signal())), 'accepted')
  t.strictSame(
    gateway.requests.map(({ body }) => JSON.parse(body)),
    [{ to: sms.to, text: sms.text }],
  )
  t.equal(await outcomeOf(stranger.send(sms, signal())), 'refused')
  t.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(70_000) }).catch(() => ({ status: 413 }))).status, 413)
  t.equal(gateway.requests.length, 1)

  status = 422
  t.equal(await outcomeOf(sender.send(sms, signal())), 'recipient refused')
  status = 500
  t.equal(await outcomeOf(sender.send(sms, signal())), 'uncertain')
  await gateway.close()
  t.equal(await outcomeOf(sender.send(sms, signal())), 'uncertain')
})

t.test('the receiver takes no message twice, nor an old one', async (t) => {
  const gateway = await startGateway(t, (response) => response.end())
  const url = await startReceiver(t, gateway.origin)
  // A listener between the two learns a request that is truly signed.
  const listener = await startGateway(t, (response) => response.end())
  const sender = createWebhookSender({ url: listener.origin, key })
  t.teardown(() => sender.close?.())
  const overheard = async () => {
    await sender.send(sms, signal())
    const { headers, body } = listener.requests.at(-1) as GatewayRequest
    const names = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature']
    return { method: 'POST', headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])), body }
  }
  const request = await overheard()
  t.equal((await fetch(url, request)).status, 204)
  t.equal((await fetch(url, request)).status, 204)
  t.equal(gateway.requests.length, 1)

  const past = Date.now() - 301_000
  t.intercept(Date, 'now', { value: () => past })
  t.equal((await fetch(url, await overheard())).status, 401)
})
