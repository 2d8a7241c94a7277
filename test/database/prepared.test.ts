// Statements that are composed once: what becomes text, what is sent along, and what a composer must not do.
import t from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { prepare } from '../../src/database/prepared.js'
import { Prisma } from '../../src/generated/prisma/client.js'
import { createTestDatabase } from '../support/database.js'

type Sum = { left: number; right: string }

for (const namedStatements of [true, false]) {
  t.test(`values are sent along, settings are part of the text, names ${namedStatements ? 'on' : 'off'}`, async (t) => {
    const { url } = await createTestDatabase()
    const database = openDatabase({ url, directUrl: url, poolSize: 1, namedStatements })
    t.teardown(() => database.$disconnect())
    const add = prepare<Sum, { sum: number; isLarge: boolean; text: string }[]>(
      ({ left, right }) => Prisma.sql`
        SELECT ${left}::int + 100 AS sum, ${left}::int > ${50} AND ${true} AS "isLarge", ${right} || ${'!'}::text AS text`,
    )
    t.strictSame(await add(database, { left: 60, right: "'; --" }), [{ sum: 160, isLarge: true, text: "'; --!" }])
    t.strictSame(await add(database, { left: 1, right: '' }), [{ sum: 101, isLarge: false, text: '!' }])
    const prepared = await database.$queryRaw<{ statement: string }[]>`
      SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%"isLarge"%' AND statement NOT LIKE '%pg_prepared%'`
    t.equal(prepared.length, namedStatements ? 1 : 0, 'one plan for all calls')
    if (namedStatements) t.match(prepared[0]?.statement, /> 50 AND true AS "isLarge", \$3 \|\| \$4::text/)
  })
}

t.test('whoever composes can do nothing with a value but put it in', async (t) => {
  t.throws(
    () => prepare<Sum, object[]>(({ left }) => Prisma.sql`SELECT ${left + 1}`),
    /left has no value while its statement is composed/,
  )
})
