// J. The end of a token: logout, disabling, deletion, a retired key; and its other spellings after that.

import { type Attack, bothFlows, named } from './support/context.js'
import { createFlow, signIn } from './support/flows.js'
import { forge, partsOf } from './support/forge.js'
import { type Answer, atOnce } from './support/http.js'
import { newKey, serviceKey } from './support/process.js'
import { asBoth, me } from './support/session.js'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Other texts that a lenient decoder reads as the same token. */
function otherSpellings(token: string): string[] {
  const last = alphabet.indexOf(token.slice(-1))
  // Of the last sign of 64 bytes only two bits count.
  const unusedBits = [1, 2, 3, 5].map((bits) => token.slice(0, -1) + alphabet[last ^ bits])
  const [header = '', claims = '', signature = ''] = token.split('.')
  const standard = [header, claims, signature.replaceAll('-', '+').replaceAll('_', '/')].join('.')
  return [...unusedBits, `${token}=`, `${token}==`, `${token}.`, ` ${token}`, `${token} `, standard]
}

const logout: Attack = {
  id: 'J8',
  tried: 'a token after its logout, by Bearer and by cookie; refresh with it',
  flows: bothFlows,
  async run({ service, flow, allOf, equal }) {
    for (const way of ['bearer', 'cookie']) {
      const { token } = await signIn(service, flow, flow.newPerson())
      const headers = way === 'bearer' ? { authorization: `Bearer ${token}` } : { cookie: `jwt=${token}` }
      const refreshed = await service.ask('POST', '/api/auth/refresh', { headers })
      equal('refresh before', refreshed.status, 200)
      equal('logout', (await service.ask('POST', '/api/auth/logout', { headers })).status, 200)
      const answers = await asBoth(service, token)
      answers.push(...(await asBoth(service, String(refreshed.body['token']))))
      answers.push(await service.ask('POST', '/api/auth/refresh', { headers }))
      allOf(`${way} after`, answers, ['401 unauthorized'])
    }
  },
}

const endedLogout: Attack = {
  id: 'J15',
  tried: 'logout with a token that has ended, while a newer one of the session is in other hands; with a forged one',
  flows: ['phone'],
  async run({ service, flow, equal, allOf }) {
    for (const way of ['bearer', 'cookie']) {
      const { token } = await signIn(service, flow, flow.newPerson())
      const { header, claims } = partsOf(token)
      const ended = forge(header, { ...claims, iat: Number(claims['iat']) - 9_000, exp: Number(claims['iat']) - 5_000 })
      const headersOf = (of: string) => (way === 'bearer' ? { authorization: `Bearer ${of}` } : { cookie: `jwt=${of}` })
      const leave = (of: string) => service.ask('POST', '/api/auth/logout', { headers: headersOf(of) })
      allOf('ended', [await me(service, { authorization: `Bearer ${ended}` })], ['401 token_expired'])
      const forged = [forge(header, claims, newKey().privateKey), forge(header, { ...claims, aud: 'other' })]
      for (const each of forged) equal('logout, forged', (await leave(each)).status, 200)
      allOf('after the forged ones', await asBoth(service, token), [200])
      equal('logout, ended', (await leave(ended)).status, 200)
      allOf(`${way}: the newer one`, await asBoth(service, token), ['401 unauthorized'])
    }
  },
}

const reuse: Attack = {
  id: 'J17',
  tried:
    'a stolen token after its end: refreshed by its owner first, two before the newest, 61 s after its replacement, after logout',
  flows: bothFlows,
  async run({ service, flow, equal, allOf }) {
    const { token, userId } = await signIn(service, flow, flow.newPerson())
    const ended = (of: string) => {
      const { header, claims } = partsOf(of)
      return forge(header, { ...claims, iat: Number(claims['iat']) - 9_000, exp: Number(claims['iat']) - 5_000 })
    }
    const refresh = (of: string) =>
      service.ask('POST', '/api/auth/refresh', { headers: { authorization: `Bearer ${of}` } })
    const second = String((await refresh(ended(token))).body['token'])
    const race = await atOnce(20, () => refresh(ended(second)))
    allOf('20 at once', race, [200])
    const jtis = new Set(race.map(({ body }) => partsOf(String(body['token'])).claims['jti']))
    equal('new tokens', jtis.size, 1)
    const third = String(race[0]?.body['token'])
    const reused = [await refresh(ended(token)), await me(service, { cookie: `jwt=${ended(token)}` })]
    await service.grey.query(
      `UPDATE sessions SET token_issued_at = token_issued_at - interval '61 seconds' WHERE user_id = $1`,
      [userId],
    )
    reused.push(await refresh(ended(second)))
    allOf('reused', reused, ['401 unauthorized'])
    equal('cookies set', reused.filter(({ headers }) => headers['set-cookie']).length, 0)
    const events = await service.grey.query(
      `SELECT 1 FROM auth_events WHERE user_id = $1 AND event = 'authn_token_reuse'`,
      [userId],
    )
    equal('events', events.length, 1)
    equal('its owner', (await refresh(ended(third))).status, 200)
    await service.ask('POST', '/api/auth/logout', { headers: { authorization: `Bearer ${token}` } })
    allOf('after logout', [await refresh(ended(third)), await refresh(third)], ['401 unauthorized'])
  },
}

const userGone: Attack = {
  id: 'J9',
  tried: 'a token after its user was disabled, after deletion; signing in while disabled',
  flows: bothFlows,
  async run({ service, flow, allOf, equal }) {
    const person = flow.newPerson()
    const { token, userId } = await signIn(service, flow, person)
    const { query } = service.grey
    await query('UPDATE users SET disabled_at = now() WHERE id = $1', [userId])
    allOf('disabled', await asBoth(service, token), ['401 unauthorized'])
    const again = await flow.verify(person, await flow.sendForCode(person))
    allOf('signing in', [again], ['403 forbidden', '401 otp_invalid'])
    equal('token or cookie', [again.body['token'], again.headers['set-cookie']], [undefined, undefined])
    await query('UPDATE users SET disabled_at = NULL WHERE id = $1', [userId])
    await query('DELETE FROM users WHERE id = $1', [userId])
    allOf('deleted', await asBoth(service, token), ['401 unauthorized'])
  },
}

const malleable: Attack = {
  id: 'J12',
  tried: 'other spellings of a token after its logout, and logout by such a spelling',
  flows: ['phone'],
  async run({ service, flow, allOf }) {
    const { token } = await signIn(service, flow, flow.newPerson())
    await service.ask('POST', '/api/auth/logout', { headers: { authorization: `Bearer ${token}` } })
    const answers: Answer[] = []
    for (const spelling of otherSpellings(token)) answers.push(...(await asBoth(service, spelling)))
    allOf('after logout', answers, ['401 unauthorized'])
    const second = await signIn(service, flow, flow.newPerson())
    const accepted: string[] = []
    for (const spelling of otherSpellings(second.token)) {
      const [answer] = await asBoth(service, spelling)
      if (answer?.status === 200) accepted.push(spelling)
    }
    const [mutant = second.token] = accepted
    await service.ask('POST', '/api/auth/logout', { headers: { authorization: `Bearer ${mutant}` } })
    allOf(`after logout by ${accepted.length} accepted`, await asBoth(service, second.token), ['401 unauthorized'])
  },
}

const sessionEnd: Attack = {
  id: 'J5b',
  tried: 'a good token of a session that is over, or older than 30 days',
  flows: ['phone'],
  async run({ service, flow, allOf }) {
    for (const column of ['expires_at', 'created_at']) {
      const { token, userId } = await signIn(service, flow, flow.newPerson())
      await service.grey.query(`UPDATE sessions SET ${column} = now() - interval '31 days' WHERE user_id = $1`, [
        userId,
      ])
      allOf(column, await asBoth(service, token), ['401 unauthorized'])
    }
  },
}

export const retiredKey: Attack = {
  id: 'J10',
  tried: 'a token of the last key: while it is listed, and after it was retired',
  flows: ['phone'],
  async run({ fixtures, flow: { name }, equal, allOf }) {
    const first = await fixtures.ownService()
    const flow = createFlow(name, first)
    const { token } = await signIn(first, flow, flow.newPerson())
    const { pem } = newKey()
    const settings = { JWT_PRIVATE_KEY: pem }
    const [rotating, rotated] = await Promise.all([
      fixtures.ownService({ ...settings, JWT_PREVIOUS_PUBLIC_KEYS: serviceKey.publicPem }, first),
      fixtures.ownService(settings, first),
    ])
    equal('listed', (await asBoth(rotating, token)).map(named), ['200', '200'])
    allOf('retired', await asBoth(rotated, token), ['401 unauthorized'])
    const keys = await atOnce(
      2,
      (index) => [rotating, rotated][index]?.ask('GET', '/.well-known/jwks.json') ?? flow.send(flow.newPerson()),
    )
    equal(
      'keys shown',
      keys.map(({ body }) => Object(body['keys']).length),
      [2, 1],
    )
    equal(
      'private members shown',
      keys.some(({ text }) => text.includes('"d"')),
      false,
    )
  },
}

export const tokenLife: readonly Attack[] = [sessionEnd, logout, endedLogout, reuse, userGone, malleable]
