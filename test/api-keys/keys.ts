// Back ends that ask by an API key: for the tests of them.
import type { InjectOptions } from 'fastify'
import { ApiKeyRegister } from '../../src/api-keys/register.js'
import { scopes as everyScope, type Scope } from '../../src/sessions/api-keys.js'
import { createAct } from '../../src/users/acting.js'
import type { Answer, TestApp } from '../support/app.js'

export type KeyHolder = Readonly<{
  id: string
  token: string
  ask: (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, headers?: object) => Promise<Answer>
}>

/** A back end with a key of these scopes; of all where none is named. */
export async function backEnd(service: TestApp, ...scopes: Scope[]): Promise<KeyHolder> {
  const { database } = service
  const register = new ApiKeyRegister({ database, act: createAct({ database }) })
  const asked = scopes.length > 0 ? scopes : everyScope
  const { key, token } = await register.create({ name: 'Orders', scopes: asked, days: 1 }, null)
  return {
    id: key.id,
    token,
    ask(method, url, payload, headers = {}) {
      const request: InjectOptions = { method, url, headers: { authorization: `Bearer ${token}`, ...headers } }
      return service.ask({ ...request, ...(payload && { payload }) })
    },
  }
}
