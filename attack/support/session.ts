// Asks as a signed-in person, by Bearer and by cookie.
import type { OutgoingHttpHeaders } from 'node:http'
import type { Service } from './fixtures.js'
import type { Answer } from './http.js'

export const me = ({ ask }: Service, headers: OutgoingHttpHeaders): Promise<Answer> =>
  ask('GET', '/api/auth/me', { headers })

/** Who the token is taken for: first as a Bearer, then as a cookie. */
export const asBoth = (service: Service, token: string): Promise<Answer[]> =>
  Promise.all([me(service, { authorization: `Bearer ${token}` }), me(service, { cookie: `jwt=${token}` })])
