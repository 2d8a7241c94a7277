// A receiver for the driver `webhook`: checks who sends, then hands the message to a gateway of your own.
//   SENDER_WEBHOOK_SECRET=whsec_… GATEWAY_URL=http://10.0.0.9/sms PORT=4000 node receiver.mjs
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const { SENDER_WEBHOOK_SECRET = '', GATEWAY_URL = '', HOST = '127.0.0.1', PORT = '4000' } = process.env
const key = Buffer.from(SENDER_WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64')
if (key.length < 24 || !URL.canParse(GATEWAY_URL)) {
  process.stderr.write('SENDER_WEBHOOK_SECRET (that of the service) and GATEWAY_URL are needed\n')
  process.exit(1)
}

/** Seconds that a message may be old: who has seen one cannot send it again later. */
const tolerance = 300
/** The messages of that time, so that none goes out twice: id → second. */
const seen = new Map()

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers
  const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) <= tolerance
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  const isSigned = signatures.split(' ').some((signature) => {
    const [version, value = ''] = signature.split(',')
    const given = Buffer.from(value, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
  return isFresh && isSigned
}

function isRepeated(id) {
  const now = Date.now() / 1000
  for (const [old, second] of seen) if (second < now - 2 * tolerance) seen.delete(old)
  if (seen.has(id)) return true
  seen.set(id, now)
  return false
}

/** The status for the service: 2xx taken, 4xx certainly not taken, 5xx nobody knows. */
async function handOn({ to, message }) {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to, text: message }),
    redirect: 'error',
    // After 3 seconds the service asks its next driver.
    signal: AbortSignal.timeout(2_500),
  }
  const answer = await fetch(GATEWAY_URL, request).catch(() => ({ ok: false, status: 504 }))
  return answer.ok ? 204 : answer.status
}

async function receive(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > 65_536) return 413
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (!isGenuine(request.headers, body)) return 401
  if (isRepeated(request.headers['webhook-id'])) return 204
  return handOn(JSON.parse(body.toString()))
}

const server = createServer(async (request, response) => {
  const status = await receive(request).catch(() => 500)
  response.writeHead(status, { connection: status === 413 ? 'close' : 'keep-alive' }).end()
})
server.listen(Number(PORT), HOST, () => process.stdout.write(`listening on ${JSON.stringify(server.address())}\n`))
