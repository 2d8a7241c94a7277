// Runs the receiver of this folder beside the service that `npm run dev` starts: what happens arrives, once, in order, also after the receiver
// was away; what somebody else sends does not. The last line counts: `N passed, N failed`.
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { check, freePort, main, start, startService, until } from '../support.mjs'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const port = String(await freePort())
const url = `http://127.0.0.1:${port}/`
const receiver = () =>
  start(process.execPath, [join(import.meta.dirname, 'receiver.mjs')], { env: { EVENT_SECRET: secret, PORT: port } })
const shown = async () => (await fetch(url)).json()

async function untilSo(isSo) {
  for (let n = 0; n < 200; n += 1) {
    const state = await shown()
    if (isSo(state)) return state
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return shown()
}

function post(event, by = secret) {
  const id = event.id ?? randomUUID()
  const body = JSON.stringify(event)
  const now = new Date()
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'webhook-signature': new Webhook(by).sign(id, now, body),
  }
  return fetch(url, { method: 'POST', headers, body })
}

await main(async () => {
  let running = receiver()
  await until(shown, running)
  const service = await startService({ EVENT_WEBHOOKS: `${url}|${secret}` })

  const { user, token } = await service.signIn()
  let state = await untilSo(({ events }) => events >= 2)
  check('a sign-in arrives', state.users[user.id]?.role === 'USER' && state.sessions === 1, state)
  await service.call('/api/auth/logout', {}, token)
  state = await untilSo(({ sessions }) => sessions === 0)
  check('so does its end', state.sessions === 0, state)

  const event = {
    id: randomUUID(),
    type: 'security.alarm',
    timestamp: new Date().toISOString(),
    data: { alarm: 'guesses' },
  }
  const before = (await shown()).alarms.length
  const statuses = [(await post(event)).status, (await post(event)).status]
  check('one that comes twice counts once', (await shown()).alarms.length === before + 1, statuses)
  const forged = await post(event, `whsec_${randomBytes(32).toString('base64')}`)
  check('one that somebody else has signed is refused', forged.status === 401, forged.status)

  const stranger = { user_id: randomUUID(), changed: ['disabled'] }
  const unknown = await Promise.all(
    ['user.disabled', 'user.updated', 'user.deleted'].map(async (type) => {
      const { status } = await post({ ...event, id: randomUUID(), type, data: stranger })
      return status
    }),
  )
  check(
    'what happens to a user of whom it never heard is taken',
    unknown.every((status) => status === 204),
    unknown,
  )
  const tooLong = await fetch(url, { method: 'POST', body: 'x'.repeat(100_000) })
  check('what is longer than any event is refused', tooLong.status === 413, tooLong.status)

  await running.end('SIGKILL')
  const { user: late } = await service.signIn()
  running = receiver()
  await until(shown, running)
  state = await untilSo(({ users }) => users[late.id] !== undefined)
  check('what happened while nobody was there comes later', state.users[late.id] !== undefined, state)
  await service.end()
})
