// Z. The last word: a body that comes after its sender has lost the right to send it.

import { type Attack, named } from './support/context.js'
import { type SignedIn, signIn } from './support/flows.js'
import { startSlowly } from './support/slow.js'
import { as, attack, joinAsAdmin } from './support/users.js'

const home = { house_number: '1', street_locality: 'MG Road', city: 'Bengaluru', state: 'Karnataka', pincode: '560001' }

const lateAdmin = attack(
  'Z4b',
  'an admin who is demoted, disabled, deleted while their body comes',
  async (context) => {
    const { service, flow, equal } = context
    const boss = await joinAsAdmin(context)
    const users = (id: string) =>
      service.grey.query('SELECT role, disabled_at IS NULL AS on FROM users WHERE id = $1', [id])

    const mate = await signIn(service, flow, flow.newPerson())
    const demoted = await joinAsAdmin(context)
    const promoting = await startSlowly(service, demoted, 'PATCH', `/users/${mate.userId}`, { role: 'ADMIN' })
    await service.ask('PATCH', `/users/${demoted.userId}`, as(boss, { role: 'USER' }))
    equal('demoted', await promoting(), '403 forbidden')
    equal('the mate', await users(mate.userId), [{ role: 'USER', on: true }])

    const disabled = await joinAsAdmin(context)
    const enabling = await startSlowly(service, disabled, 'PATCH', '/users/me', { disabled: false, role: 'ADMIN' })
    await service.ask('PATCH', `/users/${disabled.userId}`, as(boss, { disabled: true, role: 'USER' }))
    equal('disabled', await enabling(), '401 unauthorized')
    equal('the row', await users(disabled.userId), [{ role: 'USER', on: false }])

    const deleted = await joinAsAdmin(context)
    const email = `late-${deleted.userId}@example.com`
    const making = await startSlowly(service, deleted, 'POST', '/users', { email, role: 'ADMIN' })
    await service.ask('DELETE', `/users/${deleted.userId}`, as(boss))
    equal('deleted', await making(), '401 unauthorized')
    equal('made', await service.grey.query('SELECT 1 FROM users WHERE email = $1', [email]), [])
  },
)

const lateSession: Attack = {
  id: 'Z4c',
  tried: 'a session that its owner ends, or logs out of, while its body comes',
  flows: ['phone'],
  needs: { routes: ['POST /users/me/identifiers/verify', 'POST /users/me/addresses', 'DELETE /users/{id}'] },
  async run(context) {
    const { service, flow, equal } = context
    const person = flow.newPerson()
    const me = await signIn(service, flow, person)
    const again = async (): Promise<SignedIn> => {
      await service.grey.query('UPDATE otps SET resend_at = now() WHERE identifier = $1', [person.identifier])
      return signIn(service, flow, person)
    }

    const stolen = await again()
    const taken = flow.newPerson().identifier
    await service.ask('POST', '/users/me/identifiers', as(stolen, { phone: taken }))
    const otp = service.gateway.lastCode(taken)
    const verify = await startSlowly(service, stolen, 'POST', '/users/me/identifiers/verify', { phone: taken, otp })
    await service.ask('DELETE', '/users/me/sessions?others=true', as(me))
    equal('takes the account over', await verify(), '401 unauthorized')

    const gone = await again()
    const address = await startSlowly(service, gone, 'POST', '/users/me/addresses', home)
    const deletion = await startSlowly(service, gone, 'DELETE', '/users/me', {})
    await service.ask('POST', '/api/auth/logout', as(gone))
    equal('adds an address', await address(), '401 unauthorized')
    equal('deletes the account', await deletion(), '401 unauthorized')
    equal('the owner', named(await service.ask('GET', '/users/me', as(me))), '200')
    const rows = await service.grey.query('SELECT phone FROM users WHERE id = $1', [me.userId])
    equal('the phone', rows, [{ phone: person.identifier }])
  },
}

export const late: readonly Attack[] = [lateAdmin, lateSession]
