// R. Races for what there is one of, or twenty: the default address, and room for another one.

import type { Attack } from './support/context.js'
import { signIn } from './support/flows.js'
import { as } from './support/users.js'

const home = { house_number: '1', street_locality: 'MG Road', city: 'Bengaluru', state: 'Karnataka', pincode: '560001' }

const addresses: Attack = {
  id: 'R8',
  tried: '50 addresses at once, then 20 × default at once, then half of them deleted while others become the default',
  flows: ['phone'],
  needs: { routes: ['POST /users/me/addresses', 'PATCH /users/me/addresses/{id}'] },
  async run({ flow, service, allOf, equal }) {
    const person = await signIn(service, flow, flow.newPerson())
    const path = '/users/me/addresses'
    const added = await Promise.all(
      Array.from({ length: 50 }, () => service.ask('POST', path, as(person, { ...home, is_default: true }))),
    )
    allOf('added', added, [201, '400 validation_failed'])
    const read = () =>
      service.grey.query<{ id: string; is_default: boolean }>(
        'SELECT id, is_default FROM addresses WHERE user_id = $1 ORDER BY id',
        [person.userId],
      )
    const rows = await read()
    const defaults = async () => (await read()).filter((row) => row.is_default).length
    equal('addresses, defaults', [rows.length, await defaults()], [20, 1])
    const move = (id: string) => service.ask('PATCH', `${path}/${id}`, as(person, { is_default: true }))
    allOf('moved', await Promise.all(rows.map(({ id }) => move(id))), [200])
    equal('defaults', await defaults(), 1)
    const mixed = rows.map(({ id }, index) =>
      index % 2 === 0 ? move(id) : service.ask('DELETE', `${path}/${id}`, as(person)),
    )
    allOf('moved and deleted', await Promise.all(mixed), [200])
    equal('addresses, defaults', [(await read()).length, await defaults()], [10, 1])
  },
}

export const addressRaces: readonly Attack[] = [addresses]
