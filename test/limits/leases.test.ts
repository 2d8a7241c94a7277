// Slices of budgets in a replica's memory, where the hour changes.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Database } from '../../src/database/client.js'
import { Leases } from '../../src/limits/leases.js'

t.test('what an hour gave comes back in no other', async (t) => {
  const taken_at = new Date('2026-11-26T10:00:00.000Z')
  const rows = [{ budget: 'sms:new', granted: 1, ends_in: 3_600, retry_after: 3_600, taken_at }]
  const database = { run: async () => rows } as unknown as Database
  const leases = new Leases(database, [{ name: 'sms:new', perHour: 1, perDay: 1 }])
  const first = await leases.reserve({ 'sms:new': 1 })
  t.match(first, { settings: { budgetSetAside: [1] } })
  leases.putBack(first, ['sms:new'])
  rows.splice(0, 1, { ...(rows[0] as (typeof rows)[0]), granted: 0 })
  leases.giveBack('sms:new', new Date('2026-11-26T09:59:59.999Z'))
  t.match(await leases.reserve({ 'sms:new': 1 }), { settings: { budgetSetAside: [0] } })
  leases.giveBack('sms:new', new Date('2026-11-26T10:59:59.999Z'))
  const again = await leases.reserve({ 'sms:new': 1 })
  t.match(again, { settings: { budgetSetAside: [1] } })

  let isOver = false
  const waiting = leases.reserve({ 'sms:new': 1 }).then((reservation) => {
    isOver = true
    return reservation
  })
  await setImmediate()
  t.notOk(isOver, 'whether there is none is known when the call that holds it has ended')
  leases.putBack(again, null)
  t.match(
    await waiting,
    { settings: { budgetSetAside: [0] } },
    'of a call of which nobody knows what it did, all counts as used',
  )
})

t.test('what a call has not used when the hour changes comes back in no other', async (t) => {
  const row = { budget: 'sms:new', granted: 2, ends_in: 0, retry_after: 3_600 }
  const hours = ['2026-11-26T10:59:59.999Z', '2026-11-26T11:00:00.000Z']
  const run = async () => [{ ...row, taken_at: new Date(String(hours.shift())) }]
  const leases = new Leases({ run } as unknown as Database, [{ name: 'sms:new', perHour: 9, perDay: 9 }])
  const before = await leases.reserve({ 'sms:new': 2 })
  row.ends_in = 3_600
  await leases.reserve({ 'sms:new': 2 })
  leases.putBack(before, [])
  row.granted = 0
  hours.push('2026-11-26T11:00:01.000Z')
  const next = leases.reserve({ 'sms:new': 1 })
  t.equal(await Promise.race([next, setImmediate('waits')]), 'waits', 'there is none but what the other call holds')
})

t.test('a slice is kept for a minute, goes back then, and is not kept at the end of its hour', async (t) => {
  let now = 0
  t.intercept(performance, 'now', { value: () => now })
  const row = { budget: 'sms:new', granted: 10, ends_in: 3_600, retry_after: 3_600, taken_at: new Date() }
  const asked: { unused: number }[] = []
  const run = async ({ values }: { values: unknown[] }) => {
    asked.push(...(JSON.parse(String(values[0])) as { unused: number }[]))
    return [row]
  }
  const leases = new Leases({ run } as unknown as Database, [{ name: 'sms:new', perHour: 100, perDay: 100 }])
  const send = async () => leases.putBack(await leases.reserve({ 'sms:new': 1 }), ['sms:new'])
  await send()
  now = 59_000
  await send()
  t.match(asked, [{ unused: 0 }], 'within a minute it is not asked again')
  now = 60_000
  row.ends_in = 5
  await send()
  t.match(asked[1], { unused: 8 }, 'what is left goes back')
  await send()
  t.match(asked[2], { unused: 9 }, 'each call of the last five seconds takes its own')
})
