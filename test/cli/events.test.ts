// `latchkey events`: what was given up is listed, and sent again.
import t from 'tap'
import { numberEvents } from '../../src/events/log.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { join } from '../users/people.js'

t.test('what was given up is listed, and sent again', async (t) => {
  const { database, config, ...service } = await startApp(t)
  const asha = await join({ database, config, ...service }, '+919876543210')
  await numberEvents(database, 10)
  const run = (...words: string[]) =>
    runCommand(['events', ...words], { environment: { DATABASE_URL: config.database.url } })
  t.strictSame((await run('parked')).output, ['Nothing was given up'])
  await database.eventEndpoint.create({ data: { name: 'a', host: 'a.example.com', position: 2n } })
  const given = { endpoint: 'a', userId: asha.id, attempts: 14, parkedAt: new Date(), error: 'answered 500' }
  await database.eventDelivery.create({ data: { ...given, position: 1n } })
  t.match((await run('parked', '--since', '1h')).output, [
    /^\S{36} {2}user\.created {2}a\.example\.com {2}14 attempts {2}answered 500$/,
  ])
  t.match(JSON.parse((await run('parked', '--json')).output.join('')), { parked: [{ type: 'user.created' }] })
  t.strictSame((await run('replay', '--since', '2100-01-01')).output, ['To be made again: 0 deliveries'])
  t.strictSame((await run('replay', '--since', '2020-01-01T00:00:00Z')).output, ['To be made again: 1 delivery'])
  t.strictSame((await run('replay', '--since', '1h', '--all')).output, ['To be made again: 1 delivery'])
  t.match(await database.eventDelivery.findMany({ orderBy: { position: 'asc' } }), [
    { attempts: 0, parkedAt: null, nextAt: Date },
    { attempts: 0, nextAt: null },
  ])
  t.match(await run('replay'), { code: 2, errors: [/--since is needed/] })
  for (const wrong of ['yesterday', '2026-13-01', '2026-02-31', '2026-04-31T09:00:00Z', '2026-11-20T09:00']) {
    t.match(await run('parked', '--since', wrong), { code: 2, errors: [/--since must be/] })
  }
})
