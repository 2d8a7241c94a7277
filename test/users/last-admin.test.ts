// Somebody stays admin, however many admins go for each other at once.
import t from 'tap'
import { startApp } from '../support/app.js'
import { forgetSends } from '../support/limits.js'
import { joinAsAdmin, type Person, verify } from './people.js'

t.test('the last admin cannot be demoted, disabled or deleted', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const disabled = await joinAsAdmin(service, 'former@example.com')
  await service.database.user.update({ where: { id: disabled.id }, data: { disabledAt: new Date() } })
  for (const path of ['/users/me', `/users/${admin.id}`]) {
    for (const answer of [
      await admin.patch(path, { role: 'USER' }),
      await admin.patch(path, { disabled: true }),
      await admin.patch(path, { disabled: true, user_name: 'Eve' }),
      await admin.delete(path),
    ]) {
      t.match([answer.status, answer.body.code], [409, 'last_admin'])
    }
  }
  t.match(await service.database.user.findUnique({ where: { id: admin.id } }), { role: 'ADMIN', disabledAt: null })
  t.equal((await admin.patch('/users/me', { role: 'ADMIN', disabled: false, user_name: 'Asha' })).status, 200)
  t.equal((await admin.delete(`/users/${disabled.id}`)).status, 200, 'a disabled one is no admin to count on')

  const second = await joinAsAdmin(service, 'second@example.com')
  t.equal((await admin.patch('/users/me', { role: 'USER' })).status, 200, 'with a second one it can')
  t.equal((await second.delete('/users/me')).status, 409)
})

const attempts: Record<string, (by: Person, other: Person) => Promise<{ status: number }>> = {
  demote: (by, other) => by.patch(`/users/${other.id}`, { role: 'USER' }),
  disable: (by, other) => by.patch(`/users/${other.id}`, { disabled: true }),
  delete: (by, other) => by.delete(`/users/${other.id}`),
  leave: (by) => by.delete('/users/me'),
}

for (const [name, attempt] of Object.entries(attempts)) {
  t.test(`two admins at each other at once: ${name}`, async (t) => {
    const service = await startApp(t)
    for (let round = 0; round < 5; round += 1) {
      await service.database.user.deleteMany()
      const one = await joinAsAdmin(service, 'one@example.com')
      const other = await joinAsAdmin(service, 'other@example.com')
      const answers = await Promise.all([attempt(one, other), attempt(other, one)])
      const statuses = answers.map(({ status }) => status).sort()
      // The later one may be no admin, or not signed in, any more when it is looked at.
      t.equal(statuses[0], 200)
      t.ok([401, 403, 409].includes(statuses[1] ?? 0), String(statuses[1]))
      t.equal(await service.database.user.count({ where: { role: 'ADMIN', disabledAt: null } }), 1)
    }
  })
}

t.test('ten admins who all leave at once: one stays', async (t) => {
  const service = await startApp(t)
  const admins: Person[] = []
  for (let index = 0; index < 10; index += 1) admins.push(await joinAsAdmin(service, `a${index}@example.com`))
  const answers = await Promise.all(admins.map((admin) => admin.delete('/users/me')))
  t.strictSame(answers.map(({ status }) => status).sort(), [...Array(9).fill(200), 409])
  t.equal(await service.database.user.count(), 1)
})

t.test('an account that is deleted while it signs in: no failure, no orphan', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  for (let round = 0; round < 10; round += 1) {
    const { body } = await verify(service, '+919876543210')
    await forgetSends(service.database)
    await service.post('/auth/request-otp', { phonePrefix: '+91', phone: '9876543210' })
    const otp = service.lastCode('+919876543210')
    const id = body.user.id
    const answers = await Promise.all([
      admin.delete(`/users/${id}`),
      ...Array.from({ length: 5 }, () =>
        service.post('/auth/verify-otp', { phonePrefix: '+91', phone: '9876543210', otp }),
      ),
      admin.patch(`/users/${id}`, { user_name: 'Asha' }),
    ])
    const statuses = answers.map(({ status }) => status)
    t.equal(statuses.filter((status) => ![200, 401, 404].includes(status)).length, 0, String(statuses))
    t.equal(statuses.slice(1, 6).filter((status) => status === 200).length, 1, 'the code opens one session')
  }
})
