// The flood guard with its counts in Redis: shared by replicas, and no reason to stop when Redis is away. Runs where
// TEST_REDIS_URL names a server, as .ci/run does.
import t from 'tap'
import { startApp } from '../support/app.js'

const url = process.env['TEST_REDIS_URL']

t.test('replicas share the flood guard', { skip: url ? false : 'TEST_REDIS_URL names no Redis' }, async (t) => {
  const settings = { FLOOD_PER_MINUTE: '4', REDIS_URL: String(url) }
  const service = await startApp(t, { settings })
  const replica = await startApp(t, { settings, databaseUrl: service.config.database.url })
  const remoteAddress = `203.0.113.${Math.floor(Math.random() * 250)}`
  const statuses: number[] = []
  for (let index = 0; index < 6; index++) {
    statuses.push((await (index % 2 ? service : replica).get('/openapi.json', { remoteAddress })).status)
  }
  t.strictSame(statuses, [200, 200, 200, 200, 429, 429])
})

t.test('without Redis requests pass: the limits behind the guard are elsewhere', async (t) => {
  const settings = { FLOOD_PER_MINUTE: '1', REDIS_URL: 'redis://127.0.0.1:1' }
  const service = await startApp(t, { settings })
  for (let index = 0; index < 3; index++) t.equal((await service.get('/openapi.json')).status, 200)
})
