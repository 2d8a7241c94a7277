// S. Proof before signup: nobody gets an account for a number that they have not proved.
import { createHash } from 'node:crypto'
import type { Attack, AttackContext, Group } from './support/context.js'
import { createFlow, type Person, personOf, signIn, signUp, signupForm, wrongCode } from './support/flows.js'
import { textOf } from './support/http.js'
import { endCooldown } from './support/otp-rows.js'

const refused = ['403 verification_required']

async function proved({ flow }: AttackContext, person: Person): Promise<string> {
  const verified = await flow.verify(person, await flow.sendForCode(person))
  return String(verified.body['signup_token'])
}

async function usersWith({ service }: AttackContext, ...people: Person[]): Promise<number> {
  const identifiers = people.map(({ identifier }) => identifier)
  return (await service.grey.query('SELECT id FROM users WHERE phone = ANY($1)', [identifiers])).length
}

function attack(id: string, tried: string, run: Attack['run']): Attack {
  return { id, tried, flows: ['mobile'], run }
}

const withoutProof = attack(
  'S1',
  'signup without a proof; with a code that was sent but not verified',
  async (context) => {
    const { service, flow, allOf, equal } = context
    const person = flow.newPerson()
    const first = await signUp(service, person, undefined)
    await flow.sendForCode(person)
    allOf('answers', [first, await signUp(service, person, undefined), await signUp(service, person, '')], refused)
    equal('users made', await usersWith(context, person), 0)
  },
)

const replayed = attack('S2', 'a used, an expired and a tampered ticket, in body and cookie', async (context) => {
  const { service, flow, allOf, equal } = context
  const [used, expired, tampered] = [flow.newPerson(), flow.newPerson(), flow.newPerson()]
  const usedTicket = await proved(context, used)
  equal('first use', (await signUp(service, used, usedTicket)).status, 201)
  const again = await signUp(service, used, usedTicket)
  await service.grey.query('DELETE FROM users WHERE phone = $1', [used.identifier])
  const afterDeletion = await signUp(service, used, usedTicket)
  const expiredTicket = await proved(context, expired)
  await service.grey.query(`UPDATE signup_tickets SET expires_at = now() - interval '1 second' WHERE phone = $1`, [
    expired.identifier,
  ])
  const tooLate = await signUp(service, expired, expiredTicket)
  const ticket = await proved(context, tampered)
  const forged = [`${ticket}A`, ticket.slice(0, -1), `${ticket.slice(1)}A`, ticket.toUpperCase(), `${ticket} `]
  const answers = []
  for (const text of forged) answers.push(await signUp(service, tampered, text))
  const json = { ...tampered.fields, ...signupForm }
  const cookie = `signup=${ticket.slice(0, -1)}`
  answers.push(await service.ask('POST', '/api/auth/signup', { json, headers: { cookie } }))
  allOf('answers', [again, afterDeletion, tooLate, ...answers], refused)
  equal('users made', await usersWith(context, used, expired, tampered), 0)
})

const forAnother = attack('S3', "my ticket with somebody else's number, in body and cookie", async (context) => {
  const { service, flow, allOf, equal } = context
  const [mine, victim] = [flow.newPerson(), flow.newPerson()]
  const ticket = await proved(context, mine)
  const json = { ...victim.fields, ...signupForm }
  const byCookie = await service.ask('POST', '/api/auth/signup', { json, headers: { cookie: `signup=${ticket}` } })
  allOf('answers', [await signUp(service, victim, ticket), byCookie], refused)
  equal('victims made', await usersWith(context, victim), 0)
  equal('my own still works', (await signUp(service, mine, ticket)).status, 201)
})

const otherSecrets = attack('S4', 'a session token, a code, the hash of a ticket as a ticket', async (context) => {
  const { service, flow, allOf, equal } = context
  const { token } = await signIn(service, flow, flow.newPerson())
  const person = flow.newPerson()
  const code = await flow.sendForCode(person)
  const verified = await flow.verify(person, code)
  const ticket = String(verified.body['signup_token'])
  const digest = createHash('sha256').update(ticket).digest()
  const texts = [token, code, digest.toString('hex'), digest.toString('base64url'), `\\x${digest.toString('hex')}`]
  const answers = []
  for (const text of texts) answers.push(await signUp(service, person, text))
  allOf('answers', answers, refused)
  equal('users made', await usersWith(context, person), 0)
})

const meanwhile = attack('S5', 'the owner signs up between my verification and my signup', async (context) => {
  const { service, flow, allOf, equal } = context
  const person = flow.newPerson()
  const ticket = await proved(context, person)
  await endCooldown(service.grey, person.identifier)
  const owner = await signIn(service, createFlow('phone', service), personOf('phone', person.identifier))
  const answer = await signUp(service, person, ticket)
  allOf('my signup', [answer], ['409 already_registered', ...refused])
  equal('token or cookie', [textOf(answer.body['token']), answer.cookies['jwt']], [undefined, undefined])
  const sessions = await service.grey.query('SELECT id FROM sessions WHERE user_id = $1', [owner.userId])
  equal('sessions of the owner', sessions.length, 1)
})

const mistyped = attack('S6', 'signup that fails its validation, then the right one, then again', async (context) => {
  const { service, flow, equal } = context
  const person = flow.newPerson()
  const ticket = await proved(context, person)
  const statuses = []
  for (const more of [{ pincode: '12' }, { user_name: ' ' }, { city: 'a'.repeat(201) }, {}, {}]) {
    statuses.push((await signUp(service, person, ticket, more)).status)
  }
  equal('answers', statuses, [400, 400, 400, 201, 403])
})

const wrongGuess = attack('S7', 'a ticket after a wrong code; the number proved by the other flow', async (context) => {
  const { service, flow, equal } = context
  const person = flow.newPerson()
  const code = await flow.sendForCode(person)
  const wrong = await flow.verify(person, wrongCode(code))
  equal('ticket or cookie', [wrong.body['signup_token'], wrong.headers['set-cookie']], [undefined, undefined])
  const verified = await flow.verify(person, code)
  equal('session of a newcomer', [verified.body['token'], verified.cookies['jwt']], [undefined, undefined])
  const line = String(verified.headers['set-cookie'])
  const flags = ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/api/auth'].filter((flag) => !line.includes(flag))
  equal('cookie flags missing', flags, [])
  equal('users made', await usersWith({ ...context, service }, person), 0)
})

export const signup: Group = {
  letter: 'S',
  title: 'Signup proof',
  attacks: [withoutProof, replayed, forAnother, otherSecrets, meanwhile, mistyped, wrongGuess],
}
