// E. A number that was given to somebody else: its new holder gets neither into the old account nor past its owner (RECYCLE_AFTER).
import { type Attack, named } from './support/context.js'
import { createFlow, personOf, signIn, wrongCode } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import { endCooldown } from './support/otp-rows.js'

const settings = { RECYCLE_AFTER: '180d' }

const newHolder: Attack = {
  id: 'E11',
  tried:
    'a recycled number: its code, its own token and a stranger’s, 8 × at once; a new account while the owner signs in, and after 72 h',
  flows: ['mobile', 'phone'],
  needs: { settings: ['RECYCLE_AFTER'], routes: ['POST /auth/new-account'] },
  async run({ fixtures, flow: { name }, allOf, equal }) {
    const service = await fixtures.ownService(settings)
    const [flow, mail] = [createFlow(name, service), createFlow('email', service)]
    const [phone, email, other] = [flow.newPerson(), mail.newPerson(), flow.newPerson()]
    const { userId } = await signIn(service, flow, phone)
    const stranger = await signIn(service, flow, other)
    const { grey } = service
    const long = `now() - interval '181 days'`
    const age = () => grey.query(`UPDATE users SET phone_used_at = ${long}, phone_verified_at = ${long}`)
    const addresses = { [userId]: email.identifier, [stranger.userId]: personOf('email').identifier }
    for (const [id, address] of Object.entries(addresses))
      await grey.query('UPDATE users SET email = $2, email_verified_at = now() WHERE id = $1', [id, address])
    await age()

    const prove = async (person: typeof phone, fields: Record<string, unknown> = {}): Promise<Answer> => {
      await endCooldown(grey, person.identifier)
      return flow.verify(person, await flow.sendForCode(person), { fields })
    }
    const ask = (recycle_token: unknown) => service.ask('POST', '/auth/new-account', { json: { recycle_token } })
    const refused = ['403 second_proof_required']
    await endCooldown(grey, phone.identifier)
    const code = await flow.sendForCode(phone)
    allOf('wrong codes', [await flow.verify(phone, wrongCode(code))], ['401 otp_invalid'])
    const [first] = (await atOnce(8, () => flow.verify(phone, code))).filter(({ status }) => status === 403)
    const own = first?.body['recycle_token']
    const foreign = (await prove(other)).body['recycle_token']
    const tries = [await prove(phone, { recycle_token: own }), await prove(phone, { recycle_token: foreign })]
    allOf('with tokens of phones', tries, refused)
    allOf(
      'made-up tokens',
      [await ask('x'), await ask(userId), await ask('A'.repeat(43))],
      ['403 verification_required'],
    )

    const asked = await atOnce(8, () => ask(own))
    equal('asked for by one token', asked.filter(({ status }) => status === 202).length, 1)
    await endCooldown(grey, email.identifier)
    const owner = await signIn(service, mail, email)
    equal('the owner is in', owner.userId, userId)
    // All times, as if three days had gone by.
    const times = ['leaving_since', 'phone_used_at', 'phone_verified_at', 'email_used_at', 'email_verified_at']
    const past = () => grey.query(`UPDATE users SET ${times.map((time) => `${time} = ${time} - interval '73 hours'`)}`)
    await past()
    await grey.query('DELETE FROM identifier_limits')
    const kept = await prove(phone)
    equal('after the owner signed in', named(kept), '403 second_proof_required')

    equal('asked again', (await ask(kept.body['recycle_token'])).status, 202)
    await past()
    equal('after 72 hours', (await prove(phone)).body['isNewUser'], true)
    const rows = await grey.query('SELECT phone, email FROM users WHERE id = $1', [userId])
    equal('the old account', JSON.stringify(rows), JSON.stringify([{ phone: null, email: email.identifier }]))
  },
}

export const recycled = [newHolder]
