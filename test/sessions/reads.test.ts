// Sessions that are asked about at once are read together, each for itself, and none by what was read before it was asked.
import t from 'tap'
import { startApp } from '../support/app.js'
import { join, type Person } from '../users/people.js'

const me = '/users/me'

t.test('calls that come at once share a read, and each hears of its own session', async (t) => {
  const service = await startApp(t)
  const people: Person[] = []
  for (const name of ['asha', 'ravi', 'mira']) people.push(await join(service, `${name}@example.com`))
  const [asha, ravi, mira] = people as [Person, Person, Person]
  const { id } = await service.database.session.findFirstOrThrow({ where: { userId: mira.id } })
  await service.database.session.delete({ where: { id } })
  const statements = t.capture(service.database, 'run', service.database.run)
  const asked = Array.from({ length: 40 }, (_, index) => people[index % 3] ?? asha)
  const answers = await Promise.all(asked.map((person) => person.get(me)))
  for (const [index, { status, body }] of answers.entries()) {
    const person = asked[index]
    if (person === mira) t.equal(status, 401)
    else t.match([status, body.data.id], [200, person?.id])
  }
  t.ok(statements().length <= 4, `${statements().length} statements for 40 calls`)
  t.equal((await ravi.get(me)).status, 200)
})

t.test('a call that comes after a logout was answered never uses what was read before it', async (t) => {
  const service = await startApp(t)
  for (let round = 0; round < 10; round += 1) {
    const person = await join(service, `person${round}@example.com`)
    // Reads are under way all the time, of the same session too.
    const others = Array.from({ length: 20 }, () => person.get(me))
    const headers = { authorization: `Bearer ${person.token}` }
    t.equal((await service.post('/api/auth/logout', undefined, { headers })).status, 200)
    t.equal((await person.get(me)).status, 401)
    await Promise.all(others)
  }
})
