// Addresses of the console's views: what each leads to, under a prefix too, and that an address names nobody but by an id.
import t from 'tap'
import { baseOf, pathOfRoute, routeOf } from '../../../packages/console/src/router.js'

const id = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'

t.test('every view has an address, and every address a view or none', async (t) => {
  for (const route of [{ name: 'users' }, { name: 'user', id }, { name: 'numbers' }, { name: 'blocks' }] as const)
    t.strictSame(routeOf(pathOfRoute(route)), route)
  t.strictSame(routeOf(`/admin/users/${id.toUpperCase()}`), { name: 'user', id })
  for (const path of ['/', '/admins', '/admin/x', '/admin/users', '/admin/users/1', '/admin/numbers/1', '/sign-in'])
    t.equal(routeOf(path), null, path)
})

t.test('what a proxy has before it is found', async (t) => {
  const bases = ['/admin', '/admin/numbers', '/login/admin', `/a/b/admin/users/${id}`, '/admin/admin'].map(baseOf)
  t.strictSame(bases, ['', '', '/login', '/a/b', ''])
  t.equal(baseOf('/elsewhere'), '')
})
