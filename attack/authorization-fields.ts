// Z. Fields that are not for me to write, and changes that ask for a recent proof.

import type { Attack, AttackContext } from './support/context.js'
import { type SignedIn, signUp } from './support/flows.js'
import type { Answer } from './support/http.js'
import { as, attack, join, nobody } from './support/users.js'

const ownFields = {
  role: 'ADMIN',
  id: nobody,
  mobile_number: '9876500009',
  phone: '+919876500009',
  email: 'eve@example.org',
  is_verified: true,
  created_at: '2020-01-01T00:00:00Z',
  disabled: false,
  token_version: 1,
  addresses: [],
}

const massAssignment = attack('Z5', 'fields that are not mine to write, in PATCH of myself', async (context) => {
  const { service, allOf, equal } = context
  const me = await join(context)
  const read = () => service.grey.query('SELECT * FROM users WHERE id = $1', [me.userId])
  const before = await read()
  const answers: Answer[] = []
  for (const [name, value] of Object.entries(ownFields))
    answers.push(await service.ask('PATCH', '/users/me', as(me, { [name]: value, user_name: 'Eve' })))
  answers.push(await service.ask('PATCH', '/users/me', as(me, {})))
  allOf('answers', answers, ['400 validation_failed', '403 forbidden'])
  equal('row changed', JSON.stringify(await read()) !== JSON.stringify(before), false)
})

const atSignup: Attack = {
  id: 'Z5b',
  tried: 'fields that are not mine to write, in the signup form',
  flows: ['mobile'],
  async run({ service, flow, allOf }) {
    const person = flow.newPerson()
    const verified = await flow.verify(person, await flow.sendForCode(person))
    const answers: Answer[] = []
    for (const [name, value] of Object.entries(ownFields).filter(([name]) => name !== 'mobile_number'))
      answers.push(await signUp(service, person, verified.body['signup_token'], { [name]: value }))
    allOf('answers', answers, ['400 validation_failed'])
  },
}

const staleProof: Attack = {
  id: 'Z10',
  tried: 'changing the identifier, export, deletion 20 minutes after the sign-in, by refresh too',
  flows: ['phone'],
  needs: { routes: ['POST /users/me/identifiers', 'GET /users/me/export'] },
  async run(context) {
    const { service, allOf } = context
    const me = await join(context)
    await service.grey.query(`UPDATE sessions s SET created_at = now() - interval '20 minutes' WHERE user_id = $1`, [
      me.userId,
    ])
    const { rows } = await aged(context, me)
    context.note(`${rows} time columns aged`)
    const refreshed = await service.ask('POST', '/api/auth/refresh', as(me))
    const fresh = { ...me, token: String(refreshed.body['token']) }
    const answers = [
      await service.ask('POST', '/users/me/identifiers', as(fresh, { email: 'eve@example.org' })),
      await service.ask('GET', '/users/me/export', as(fresh)),
      await service.ask('DELETE', '/users/me', as(fresh)),
    ]
    allOf('answers', answers, ['403 step_up_required'])
  },
}

/** Ages whatever the session calls the time of its last proof. */
async function aged({ service }: AttackContext, { userId }: SignedIn): Promise<{ rows: number }> {
  const columns = await service.grey.query<{ name: string }>(
    `SELECT quote_ident(column_name) AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = 'sessions' AND column_name ~ '(prove|proof|auth|step|verified)'
       AND data_type LIKE 'timestamp%'`,
  )
  for (const { name } of columns)
    await service.grey.query(`UPDATE sessions SET ${name} = now() - interval '20 minutes' WHERE user_id = $1`, [userId])
  return { rows: columns.length }
}

export const fields: readonly Attack[] = [massAssignment, atSignup, staleProof]
