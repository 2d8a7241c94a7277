// Who takes part in a run: a few people with a few identifiers, so that they get into each other's way. Every step asks the model
// and the service the same, and the answers are compared.
import type { InjectOptions } from 'fastify'
import { newEmail, newNumber } from '../support/flows.js'
import type { Expected, Flow, Gateway, Typed } from './answers.js'
import type { Code } from './codes.js'
import { createModel } from './model.js'
import type { Run } from './service.js'
import type { Device, Identifier, Method, Session, Ticket, User } from './state.js'

/** What somebody keeps: the last session, the device and the last ticket. The first one is a browser, and keeps them as cookies. */
export type Client = { isBrowser: boolean; session: Session | null; device: Device | null; ticket: Ticket | null }

export type Context = ReturnType<typeof createContext>

export function createContext() {
  const phones = [newNumber(), newNumber(), newNumber()].map((number) => ({
    method: 'phone' as const,
    name: `+91${number}`,
  }))
  const emails = [newEmail(), newEmail()].map((name) => ({ method: 'email' as const, name }))
  const identifiers: Identifier[] = [...phones, ...emails]
  const clients = [true, false, false].map((isBrowser): Client => {
    return { isBrowser, session: null, device: null, ticket: null }
  })
  return {
    model: createModel(),
    phones,
    identifiers,
    clients,
    /** every session that there ever was, and every code that was sent, oldest first */
    sessions: new Set<Session>(),
    sent: [] as { to: string; code: Code }[],
    tickets: [] as Ticket[],
  }
}

export type SignInBy = Readonly<{ flow: Flow; identifier: Identifier; client: Client; onDevice: boolean }>

/** Where the steps are taken: on the service, or somewhere else. */
export type Stage = Omit<Run, 'outcomes'>

/** The steps of a context: each asks the model, then the service with the model's answer beside it. */
export function createSteps(context: Context, run: Stage) {
  const { model } = context
  const { state } = model
  let wrongCodes = 0

  /** What a client sends along to say who and where it is. */
  function from({ isBrowser, session, device }: Client, onDevice: boolean) {
    const token = session && run.tokens.get(session)
    const deviceToken = onDevice && device ? run.devices.of(device) : undefined
    const cookies = { ...(token && { jwt: token }), ...(deviceToken && { device: deviceToken }) }
    if (isBrowser) return { options: { cookies }, fields: {} }
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    return { options: { headers }, fields: deviceToken ? { device_token: deviceToken } : {} }
  }

  /** Asks, and lets the client keep what it was given. */
  async function ask(client: Client, request: InjectOptions, expected: Expected, gateway?: Gateway): Promise<Expected> {
    await run.ask(request, expected, gateway)
    const { session, device, ticket, message } = expected
    if (session) client.session = session
    if (device) client.device = device
    if (ticket) client.ticket = ticket
    if (session) context.sessions.add(session)
    if (ticket) context.tickets.push(ticket)
    if (message) context.sent.push(message)
    return expected
  }

  const callOf = ({ flow, identifier, client, onDevice }: SignInBy) => ({
    ...{ flow, identifier, device: onDevice ? client.device : null },
  })

  function send(by: SignInBy, mode?: 'login' | 'signup', gateway: Gateway = 'accepts'): Promise<Expected> {
    const { options, fields } = from({ ...by.client, session: null }, by.onDevice)
    const isMobile = by.flow === 'mobile'
    const payload = { ...signInBody(by), ...fields, ...(isMobile && mode && { mode }) }
    const url = isMobile ? '/api/auth/send-otp' : '/auth/request-otp'
    const expected = model.sendSignInCode(callOf(by), isMobile && mode === 'login', gateway)
    return ask(by.client, { method: 'POST', url, payload, ...options }, expected, gateway)
  }

  function enter(by: SignInBy, typed: Typed): Promise<Expected> {
    const { options, fields } = from({ ...by.client, session: null }, by.onDevice)
    const payload = { ...signInBody(by), ...fields, otp: digitsOf(typed) }
    const url = by.flow === 'mobile' ? '/api/auth/verify-otp' : '/auth/verify-otp'
    return ask(by.client, { method: 'POST', url, payload, ...options }, model.signIn(callOf(by), typed))
  }

  function digitsOf(typed: Typed): string {
    wrongCodes += 1
    if (typed === 'malformed') return ['12345', '1234567', '12345a', ''][wrongCodes % 4] ?? ''
    if (typed !== 'wrong') return run.codes.of(typed)
    // Digits that are no code of anybody's.
    while (run.codes.has(String(wrongCodes).padStart(10, '0'))) wrongCodes += 1
    return String(wrongCodes).padStart(10, '0')
  }

  function signUp(client: Client, phone: Identifier, ticket: Ticket | null, isFormValid: boolean): Promise<Expected> {
    const signupToken = ticket === null ? undefined : run.tickets.of(ticket)
    const isCookie = client.isBrowser && signupToken !== undefined
    const payload = {
      ...{ mobile_number: phone.name.slice(3), user_name: 'Asha', house_number: '1', street_locality: 'MG Road' },
      ...{ city: 'Bengaluru', state: 'Karnataka', pincode: isFormValid ? '560001' : '000000' },
      ...(signupToken !== undefined && !isCookie && { signup_token: signupToken }),
    }
    const cookies = isCookie ? { signup: signupToken } : {}
    const request: InjectOptions = { method: 'POST', url: '/api/auth/signup', payload, cookies }
    return ask(client, request, model.signUp(phone, ticket, isFormValid))
  }

  /** A call of whoever is signed in, or was. */
  function call(client: Client, method: 'GET' | 'POST' | 'DELETE', url: string, expected: Expected, payload?: object) {
    return ask(client, { method, url, ...(payload && { payload }), ...from(client, false).options }, expected)
  }

  function sendStepUpCode(client: Client, onDevice: boolean, method?: Method): Promise<Expected> {
    const { options, fields } = from(client, onDevice)
    const payload = { ...fields, ...(method && { method }) }
    const expected = model.sendStepUpCode(client.session, onDevice ? client.device : null, method)
    return ask(client, { method: 'POST', url: '/users/me/step-up', payload, ...options }, expected)
  }

  function stepUp(client: Client, onDevice: boolean, typed: Typed): Promise<Expected> {
    const { options, fields } = from(client, onDevice)
    const payload = { ...fields, otp: digitsOf(typed) }
    const expected = model.stepUp(client.session, onDevice ? client.device : null, typed)
    return ask(client, { method: 'POST', url: '/users/me/step-up/verify', payload, ...options }, expected)
  }

  const named = ({ method, name }: Identifier) => ({ [method]: name })

  return {
    ...{ context, send, enter, signUp, sendStepUpCode, stepUp },
    sendChangeCode: (client: Client, identifier: Identifier) =>
      call(
        client,
        'POST',
        '/users/me/identifiers',
        model.sendChangeCode(client.session, identifier),
        named(identifier),
      ),
    changeIdentifier: (client: Client, identifier: Identifier, typed: Typed) =>
      call(client, 'POST', '/users/me/identifiers/verify', model.changeIdentifier(client.session, identifier, typed), {
        ...named(identifier),
        otp: digitsOf(typed),
      }),
    removeIdentifier: (client: Client, method: Method) =>
      call(client, 'DELETE', `/users/me/identifiers/${method}`, model.removeIdentifier(client.session, method)),
    me: (client: Client) => call(client, 'GET', '/api/auth/me', model.me(client.session)),
    refresh: (client: Client) => call(client, 'POST', '/api/auth/refresh', model.refresh(client.session)),
    logOut: (client: Client) => call(client, 'POST', '/api/auth/logout', model.logOut(client.session)),
    listSessions: (client: Client) => call(client, 'GET', '/users/me/sessions', model.listSessions(client.session)),
    endSession: (client: Client, other: Session) =>
      call(client, 'DELETE', `/users/me/sessions/${run.sessions.of(other)}`, model.endSession(client.session, other)),
    endOthers: (client: Client) =>
      call(client, 'DELETE', '/users/me/sessions?others=true', model.endOthers(client.session)),
    endAll: (client: Client) => call(client, 'DELETE', '/users/me/sessions', model.endAll(client.session)),
    deleteMe: (client: Client) => call(client, 'DELETE', '/users/me', model.deleteMe(client.session)),
    /** What an admin does to a user. */
    administer(user: User, act: 'disable' | 'enable' | 'delete' | 'end sessions'): Promise<void> {
      const url = `/users/${run.users.of(user)}`
      if (act === 'delete') return administer({ method: 'DELETE', url }, model.deleteUser(user))
      if (act === 'end sessions')
        return administer({ method: 'DELETE', url: `${url}/sessions` }, model.endSessionsOf(user))
      const disabled = act === 'disable'
      return administer({ method: 'PATCH', url, payload: { disabled } }, model.setDisabled(user, disabled))
    },
    createUser: (identifiers: readonly Identifier[]) => {
      const payload = Object.assign({}, ...identifiers.map(named))
      return administer({ method: 'POST', url: '/users', payload }, model.createUser(identifiers))
    },
    async wait(seconds: number): Promise<void> {
      state.now += seconds
      await run.age(seconds)
    },
    /** Nobody is signed in who should not be, and who should be is; the notices that were due have gone out. */
    async settle(): Promise<void> {
      for (const session of context.sessions) {
        await call({ isBrowser: false, session, device: null, ticket: null }, 'GET', '/api/auth/me', model.me(session))
      }
      await run.expectNotices(state.notices)
    },
  }

  function administer(request: InjectOptions, expected: Expected): Promise<void> {
    const headers = { authorization: `Bearer ${run.adminToken}` }
    return run.ask({ ...request, headers }, expected)
  }
}

export type Steps = ReturnType<typeof createSteps>

function signInBody({ flow, identifier: { method, name } }: SignInBy): object {
  if (method === 'email') return { email: name }
  return flow === 'mobile' ? { mobile_number: name.slice(3) } : { phonePrefix: '+91', phone: name.slice(3) }
}
