// K. Passkeys: answers that lie, that come again, that are somebody else's, from a key that is there twice; and the way around them.
import { generateKeyPairSync } from 'node:crypto'
import type { Attack, Group } from './support/context.js'
import { signIn } from './support/flows.js'
import { type Answer, atOnce } from './support/http.js'
import {
  Authenticator,
  challengeOf,
  needs,
  page,
  register,
  settings,
  show,
  signInBy,
  stepUpBy,
} from './support/passkeys.js'
import { as, join, joinAsAdmin } from './support/users.js'

const invalid = '401 passkey_invalid'
const handleOf = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')

const lies: Attack = {
  id: 'K1',
  tried:
    'answers for another page, domain, type or user, unverified, from a frame, by another key, of a key that nobody has',
  settings,
  needs,
  async run({ service, flow, allOf, equal }) {
    const [victim, other] = [
      await signIn(service, flow, flow.newPerson()),
      await signIn(service, flow, flow.newPerson()),
    ]
    const { authenticator } = await register(service, victim)
    const { privateKey: signer } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const answers: Answer[] = []
    for (const lie of [
      { origin: 'https://example.com.evil.example' },
      { origin: 'http://login.example.com' },
      { rpId: 'evil.example' },
      { type: 'webauthn.create' },
      { flags: 0x19 },
      { crossOrigin: true },
      { challenge: 'AAAA' },
      { userHandle: handleOf(other.userId) },
      { userHandle: null },
      { signer },
    ]) {
      answers.push(await signInBy(service, authenticator, lie))
    }
    answers.push(await signInBy(service, new Authenticator(page), { userHandle: handleOf(victim.userId) }))
    await service.grey.query('UPDATE users SET disabled_at = now() WHERE id = $1', [victim.userId])
    answers.push(await signInBy(service, authenticator))
    allOf('answers', answers, [invalid])
    equal('different texts', new Set(answers.map(({ text }) => text)).size, 1)
  },
}

const replay: Attack = {
  id: 'K2',
  tried: 'a good answer 50 × at once, and again; with the challenge of another browser, and after five minutes',
  settings,
  needs,
  async run({ service, flow, allOf, equal }) {
    const victim = await signIn(service, flow, flow.newPerson())
    const { authenticator } = await register(service, victim)
    const { options, challenge_token } = await challengeOf(service)
    const body = { response: authenticator.get(options), challenge_token }
    const answers = await atOnce(50, () => show(service, body))
    equal('sessions opened', answers.filter(({ status }) => status === 200).length, 1)
    allOf('at once', answers, [200, invalid])
    const elsewhere = await challengeOf(service)
    const mixed = { response: authenticator.get(elsewhere.options), challenge_token }
    const late = await challengeOf(service)
    await service.grey.query('UPDATE passkey_challenges SET expires_at = now()')
    allOf(
      'later',
      [
        await show(service, body),
        await show(service, mixed),
        await show(service, { ...mixed, challenge_token: late.challenge_token }),
      ],
      [invalid],
    )
  },
}

const clone: Attack = {
  id: 'K3',
  tried: 'a key that is there twice: its counter goes back, and comes again further on',
  settings,
  needs,
  async run({ service, flow, allOf, equal }) {
    const victim = await signIn(service, flow, flow.newPerson())
    const { authenticator } = await register(service, victim, new Authenticator(page, 9))
    allOf('counting on', [await signInBy(service, authenticator, { counter: 12 })], [200])
    allOf('going back', [await signInBy(service, authenticator, { counter: 11 })], [invalid])
    allOf('and on', [await signInBy(service, authenticator, { counter: 40 })], [invalid])
    const events = await service.grey.query(
      "SELECT count(*)::int AS count FROM auth_events WHERE user_id = $1 AND event = 'authn_token_reuse'",
      [victim.userId],
    )
    equal('events', events[0]?.['count'], 1)
  },
}

const others: Attack = {
  id: 'K4',
  tried:
    "an answer for another session, a step-up by one's own passkey in somebody else's session, their credential as one's own",
  settings,
  needs,
  async run({ service, flow, allOf }) {
    const [victim, attacker] = [
      await signIn(service, flow, flow.newPerson()),
      await signIn(service, flow, flow.newPerson()),
    ]
    const { authenticator } = await register(service, victim)
    const theirs = (await register(service, attacker)).authenticator
    allOf('step-up', [await stepUpBy(service, victim, theirs)], [invalid])
    allOf('credential', [(await register(service, attacker, authenticator)).answer], [invalid])
    const asked = await service.ask('POST', '/auth/passkeys/registration/options', as(victim))
    const response = new Authenticator(page).create(Object(asked.body['data']).options)
    allOf(
      'session',
      [await service.ask('POST', '/auth/passkeys/registration/verify', as(attacker, { response }))],
      [invalid],
    )
  },
}

const downgrade: Attack = {
  id: 'K5',
  tried:
    'a code out of somebody with a passkey, and with it all that would keep them out; again once the device is gone',
  settings,
  needs,
  async run({ service, flow, allOf, equal }) {
    const person = flow.newPerson()
    const victim = await signIn(service, flow, person)
    const { answer } = await register(service, victim)
    await service.grey.query('UPDATE otps SET resend_at = now()')
    const thief = await signIn(service, flow, person)
    const own = await service.grey.query('SELECT id FROM sessions WHERE user_id = $1 ORDER BY id', [victim.userId])
    const passkey = Object(answer.body['data']).id
    const calls: [string, string][] = [
      ['POST', '/auth/passkeys/registration/options'],
      ['DELETE', `/users/me/passkeys/${passkey}`],
      ['DELETE', '/users/me/identifiers/phone'],
      ['DELETE', `/users/me/sessions/${own[0]?.['id']}`],
      ['DELETE', '/users/me/sessions?others=true'],
      ['DELETE', '/users/me/sessions'],
      ['DELETE', `/users/${victim.userId}/sessions`],
      ['DELETE', '/users/me'],
    ]
    const all = async () => {
      const answers: Answer[] = []
      for (const [method, path] of calls) answers.push(await service.ask(method, path, as(thief)))
      answers.push(await service.ask('POST', '/users/me/identifiers', as(thief, { email: 'thief@example.com' })))
      return answers
    }
    allOf('on the new device', await all(), ['403 forbidden'])
    await service.grey.query('DELETE FROM devices WHERE user_id = $1', [victim.userId])
    allOf('once the device is gone', await all(), ['403 forbidden'])
    const left = await service.grey.query('SELECT count(*)::int AS count FROM passkeys WHERE user_id = $1', [
      victim.userId,
    ])
    equal('passkeys', left[0]?.['count'], 1)
    allOf('the owner', [await service.ask('DELETE', '/users/me/sessions?others=true', as(victim))], [200])
  },
}

const lasting: Attack = {
  id: 'K7',
  tried:
    'a code out of an admin with a passkey, and by it a key, an admin or somebody kept out, which would outlast it',
  settings,
  needs: { ...needs, routes: [...needs.routes, 'POST /api-keys'] },
  async run(context) {
    const { service, flow, allOf, equal } = context
    const [other, accomplice] = [await joinAsAdmin(context), await join(context)]
    const person = flow.newPerson()
    const victim = await signIn(service, flow, person)
    await service.grey.query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [victim.userId])
    await register(service, victim)
    await service.grey.query('UPDATE otps SET resend_at = now()')
    const thief = await signIn(service, flow, person)
    const calls: [string, string, object?][] = [
      ['POST', '/api-keys', { name: 'x', scopes: ['users:write'] }],
      ['PATCH', `/users/${accomplice.userId}`, { role: 'ADMIN' }],
      ['PATCH', `/users/${accomplice.userId}`, { user_name: 'Eve', role: 'ADMIN' }],
      ['POST', '/users', { email: 'accomplice@example.com', role: 'ADMIN' }],
      ['PATCH', `/users/${other.userId}`, { role: 'USER' }],
      ['PATCH', `/users/${other.userId}`, { disabled: true }],
      ['PATCH', '/users/me', { disabled: true }],
    ]
    const answers: Answer[] = []
    for (const [method, path, json] of calls) answers.push(await service.ask(method, path, as(thief, json)))
    allOf('on the new device', answers, ['403 forbidden'])
    const admins = await service.grey.query(`SELECT id FROM users WHERE role = 'ADMIN' AND disabled_at IS NULL`)
    equal('admins', admins.map(({ id }) => id).sort(), [other.userId, victim.userId].sort())
    equal('keys', (await service.grey.query('SELECT 1 FROM api_keys')).length, 0)
  },
}

/** An attestation that no browser makes, and that the library takes for one. */
const odd: Attack = {
  id: 'K6',
  tried: 'new passkeys whose ids have no byte, more than WebAuthn allows, and more than an index of the database takes',
  settings,
  needs,
  async run({ service, flow, allOf }) {
    const me = await signIn(service, flow, flow.newPerson())
    const made: Answer[] = []
    for (const length of [0, 1_024, 3_000]) {
      const credentialId = Buffer.from(Array.from({ length }, (_, index) => index * 7))
      made.push((await register(service, me, new Authenticator(page), { credentialId })).answer)
    }
    allOf('answers', made, [invalid])
  },
}

export const passkeys: Group = {
  letter: 'K',
  title: 'passkeys',
  attacks: [lies, replay, clone, others, downgrade, odd, lasting],
}
