// Why an admin did something stands with what was done; nobody else writes into the trail.
import t from 'tap'
import { startApp } from '../support/app.js'
import { join, joinAsAdmin } from '../users/people.js'

t.test('reasons of admins', async (t) => {
  const service = await startApp(t)
  const [admin, asha] = [await joinAsAdmin(service), await join(service, '+919876543210')]
  await admin.patch(`/users/${asha.id}`, { disabled: true, reason: ' Spam ' })
  await admin.delete(`/users/${asha.id}/sessions?reason=Lost%20phone`)
  await admin.delete(`/users/${asha.id}?reason=Asked%20by%20mail`)
  const events = await service.database.authEvent.findMany({ where: { actorId: admin.id }, orderBy: { id: 'asc' } })
  t.strictSame(
    events.map(({ event, detail }) => [event, detail]),
    [
      ['user_updated', 'disabled true; Spam'],
      ['session_logout', 'all: 0; Lost phone'],
      ['user_deleted', 'Asked by mail'],
    ],
  )
})

t.test('a reason alone changes nothing, and users give none', async (t) => {
  const service = await startApp(t)
  const [admin, asha] = [await joinAsAdmin(service), await join(service, '+919876543210')]
  t.match((await admin.patch(`/users/${asha.id}`, { reason: 'x' })).body, {
    errors: ['Give at least one field to change'],
  })
  t.match((await asha.patch('/users/me', { user_name: 'Asha', reason: 'x' })).body.errors, [
    'reason is not a known field',
  ])
  for (const path of ['/users/me?reason=x', '/users/me/sessions?reason=x', `/users/${asha.id}/sessions?reason=x`])
    t.equal((await asha.delete(path)).body.code, 'validation_failed', path)
  t.match((await admin.delete(`/users/${asha.id}?reason=${'x'.repeat(161)}`)).body.errors, [/^reason must be 1 to 160/])
})
