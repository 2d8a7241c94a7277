// The ids of rows: UUIDv7 that ascend.
import t from 'tap'
import { newId } from '../../src/database/ids.js'

t.test('ids are UUIDv7 of now, ascend, and none comes twice', async (t) => {
  const before = Date.now()
  const ids = Array.from({ length: 5_000 }, newId)
  t.ok(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)))
  t.strictSame([...ids].sort(), ids)
  t.equal(new Set(ids).size, ids.length)
  const times = ids.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16))
  t.ok(times.every((time) => time >= before && time <= Date.now()))
  t.equal(new Set(ids.map((id) => id.slice(-12))).size, ids.length, 'with randomness of its own each')
})

t.test('a clock that is set back brings no id back', async (t) => {
  const id = newId()
  const past = Date.now() - 60_000
  t.intercept(Date, 'now', { value: () => past })
  t.ok(newId() > id)
})
