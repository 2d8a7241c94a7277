// Components as an application has them, on the real service and on clients that answer when the test says so.
import { createElement, type ReactNode, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { act, create, type ReactTestRenderer } from 'react-test-renderer'
import t, { type Test } from 'tap'
import { type Client, LatchkeyError, type Me, type SessionListener } from '../../../packages/client/src/index.js'
import {
  LatchkeyProvider,
  type UseSession,
  useLatchkey,
  useSession,
  useSignIn,
} from '../../../packages/react/src/index.js'
import { newEmail, newNumber } from '../../support/flows.js'
import { startService } from '../client/service.js'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

const asha = { id: 'asha', user_name: 'Asha' } as Me
const unauthorized = new LatchkeyError('unauthorized', { status: 401 })
const offline = new LatchkeyError('offline')

/** A call that is answered when the test says so. */
function deferred<Result>() {
  const calls: { resolve: (result: Result) => void; reject: (error: unknown) => void; signal?: AbortSignal }[] = []
  const call = (...words: unknown[]) =>
    new Promise<Result>((resolve, reject) => {
      const { signal } = Object(words.at(-1)) as { signal?: AbortSignal }
      signal?.addEventListener('abort', () => reject(signal.reason))
      calls.push({ resolve, reject, ...(signal && { signal }) })
    })
  return { call, calls }
}

function fakeClient() {
  const me = deferred<Me>()
  const requestOtp = deferred<object>()
  const verifyOtp = deferred<object>()
  const sendOtp = deferred<object>()
  const listeners = new Set<SessionListener>()
  const client = {
    me: me.call,
    logout: async () => tell('signed_out'),
    onChange: (listener: SessionListener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    identifier: { requestOtp: requestOtp.call, verifyOtp: verifyOtp.call },
    mobile: { sendOtp: sendOtp.call },
  } as unknown as Client
  const tell = (event: 'signed_in' | 'signed_out' | 'refreshed') => {
    for (const listener of listeners) listener(event)
  }
  return {
    client,
    me: me.calls,
    requestOtp: requestOtp.calls,
    verifyOtp: verifyOtp.calls,
    sendOtp: sendOtp.calls,
    listeners,
    tell,
  }
}

/** Renders a hook below a provider; what it returned last is in `now`. */
async function render<Result>(
  t: Test,
  client: Client,
  hook: () => Result,
  more: { initialUser?: Me | null; strict?: boolean } = {},
) {
  const seen: { now: Result; all: Result[] } = { now: undefined as Result, all: [] }
  const Probe = (): ReactNode => {
    seen.now = hook()
    seen.all.push(seen.now)
    return null
  }
  const { strict = true, ...props } = more
  const tree = (of: Client, children: ReactNode = createElement(Probe)) => {
    const provided = createElement(LatchkeyProvider, { client: of, ...props }, children)
    return strict ? createElement(StrictMode, null, provided) : provided
  }
  let root = undefined as unknown as ReactTestRenderer
  await act(async () => {
    root = create(tree(client))
  })
  t.teardown(() => act(async () => root.unmount()))
  return {
    seen,
    unmount: () => act(async () => root.unmount()),
    renderWith: (of: Client, children?: ReactNode) => act(async () => root.update(tree(of, children))),
  }
}

t.test('who is signed in', async (t) => {
  t.test('is asked once, and told to all', async (t) => {
    const { client, me, listeners } = fakeClient()
    const { seen, unmount } = await render(t, client, () => [useSession(), useSession()] as const)
    t.match(seen.now, [{ status: 'loading', user: null }, { status: 'loading' }])
    t.equal(me.length, 1, 'also where StrictMode mounts everything twice')
    await act(async () => me[0]?.resolve(asha))
    t.match(seen.now, [{ status: 'signed_in', user: asha, error: null }, { status: 'signed_in' }])
    await unmount()
    t.equal(listeners.size, 0)
  })

  t.test('nobody, or nobody can tell', async (t) => {
    const { client, me } = fakeClient()
    const { seen } = await render(t, client, useSession)
    await act(async () => me[0]?.reject(unauthorized))
    t.match(seen.now, { status: 'signed_out', user: null, error: null })
    await act(async () => {
      seen.now.reload()
      me[1]?.reject(offline)
    })
    t.match(seen.now, { status: 'error', error: { code: 'offline' } })
    await act(async () => {
      seen.now.reload()
      me[2]?.resolve(asha)
    })
    await act(async () => {
      seen.now.reload()
      me[3]?.reject(offline)
    })
    t.match(seen.now, { status: 'signed_in', user: asha, error: { code: 'offline' } }, 'who was signed in stays so')
    await act(async () => {
      const broken = seen.now.reload()
      me[4]?.reject(new Error('the keychain is locked'))
      await t.rejects(broken, { message: 'the keychain is locked' })
    })
    t.match(seen.now, { status: 'error' })
  })

  t.test('events win over answers that are older', async (t) => {
    const { client, me, tell } = fakeClient()
    const { seen } = await render(t, client, useSession)
    await act(async () => tell('signed_out'))
    await act(async () => me[0]?.resolve(asha))
    t.match(seen.now, { status: 'signed_out' }, 'a sign-out while it was asked')
    await act(async () => tell('signed_in'))
    await act(async () => tell('signed_in'))
    t.equal(me.length, 3)
    await act(async () => me[2]?.resolve({ ...asha, id: 'second' }))
    await act(async () => me[1]?.resolve(asha))
    t.match(seen.now, { user: { id: 'second' } }, 'the later of two')
    await act(async () => tell('refreshed'))
    t.equal(me.length, 3, 'the same person')
    await act(async () => seen.now.signOut())
    t.match(seen.now, { status: 'signed_out' })
    await act(async () => tell('refreshed'))
    t.equal(me.length, 4, 'another tab has a session')
  })

  t.test('an answer after the end, and a component that comes later', async (t) => {
    const { client, me, tell, listeners } = fakeClient()
    const { seen, renderWith, unmount } = await render(t, client, useSession, { strict: false })
    await act(async () => me[0]?.resolve(asha))
    await renderWith(client, 'no component that watches')
    tell('signed_out')
    let later: UseSession | undefined
    const Later = () => {
      later = useSession()
      return null
    }
    await renderWith(client, createElement(Later))
    t.match(later, { status: 'signed_out' }, 'it did not miss that')
    t.equal(me.length, 1)
    t.equal(listeners.size, 1)
    const count = seen.all.length
    later?.reload()
    await unmount()
    t.equal(listeners.size, 0)
    await act(async () => me[1]?.resolve(asha))
    t.equal(seen.all.length, count)
  })

  t.test('another client is another session', async (t) => {
    const [one, two] = [fakeClient(), fakeClient()]
    const { seen, renderWith } = await render(t, one.client, () => ({ ...useSession(), client: useLatchkey() }))
    await act(async () => one.me[0]?.resolve(asha))
    await renderWith(two.client)
    t.match(seen.now, { status: 'loading', user: null })
    t.equal(seen.now.client, two.client)
    t.equal(one.listeners.size, 0)
  })

  t.test('on a server', async (t) => {
    const { client, me, listeners } = fakeClient()
    const Page = () => {
      const { status, user } = useSession()
      const { step } = useSignIn()
      return `${status} ${user?.user_name ?? ''} ${step}`
    }
    const html = (initialUser?: Me | null) =>
      renderToString(
        createElement(
          LatchkeyProvider,
          { client, ...(initialUser !== undefined && { initialUser }) },
          createElement(Page),
        ),
      )
    t.equal(html(), 'loading  idle')
    t.equal(html(asha), 'signed_in Asha idle')
    t.equal(html(null), 'signed_out  idle')
    t.strictSame([me.length, listeners.size], [0, 0], 'nothing is asked there')
    const { seen } = await render(t, client, useSession, { initialUser: asha, strict: false })
    t.match(seen.all[0], { status: 'signed_in', user: asha })
    t.equal(me.length, 0, 'nor in the browser, since the server has')
  })

  t.throws(() => renderToString(createElement(() => useSession().status)), /no <LatchkeyProvider>/)
})

t.test('signing in, on the service', async (t) => {
  const { service, newClient } = await startService(t)

  t.test('by email, with a wrong code first', async (t) => {
    const { client } = newClient()
    const { seen } = await render(t, client, () => ({ ...useSignIn(), session: useSession() }))
    const email = newEmail()
    t.match(seen.now, { step: 'idle', resendIn: 0, error: null })
    await act(async () => void t.equal(await seen.now.send({ email }), true))
    t.match(seen.now, { step: 'code', resendIn: 30, attemptsAllowed: 5, otp: null })
    t.equal(await seen.now.resend(), false, 'not yet')
    const otp = service.lastCode(email)
    const wrong = otp.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
    await act(async () => void t.equal(await seen.now.verify(wrong), false))
    t.match(seen.now, { step: 'code', error: { code: 'otp_invalid', status: 401 } })
    await act(async () => void t.equal(await seen.now.verify(otp), true))
    t.match(seen.now, { step: 'done', user: { email }, isNewUser: true, error: null })
    while (seen.now.session.status !== 'signed_in')
      await act(async () => new Promise((resolve) => setTimeout(resolve, 5)))
    t.match(seen.now.session.user, { email, addresses: [] })
    t.ok(new Set(seen.all.map(({ step }) => step)).has('verifying'))
    await act(async () => seen.now.session.signOut())
    t.match(seen.now.session, { status: 'signed_out', user: null })
  })

  t.test('by a new number, with the form', async (t) => {
    const { client } = newClient()
    const { seen } = await render(t, client, useSignIn)
    const mobile_number = newNumber()
    await act(async () => void t.equal(await seen.now.send({ mobile_number, mode: 'login' }), false))
    t.match(seen.now, { step: 'idle', error: { code: 'account_not_found', needsSignup: true } })
    await act(async () => void t.equal(await seen.now.send({ mobile_number }), true))
    await act(async () => void t.equal(await seen.now.verify(service.lastCode(`+91${mobile_number}`)), true))
    t.match(seen.now, { step: 'signup', isNewUser: true, user: null })
    const form = {
      user_name: 'Asha',
      house_number: '1',
      street_locality: 'MG Road',
      city: 'Pune',
      state: 'MH',
      pincode: 'x',
    }
    await act(async () => void t.equal(await seen.now.signup(form), false))
    t.match(seen.now, { step: 'signup', error: { fields: [{ pointer: '/pincode' }] } })
    await act(async () => void t.equal(await seen.now.signup({ ...form, pincode: '411001' }), true))
    t.match(seen.now, { step: 'done', user: { mobile_number } })

    await act(async () => seen.now.reset())
    t.match(seen.now, { step: 'idle', user: null, resendIn: 0 })
    await act(async () => void t.equal(await seen.now.send({ mobile_number }), true, 'a success ends the cooldown'))
    await act(async () => void t.equal(await seen.now.verify(service.lastCode(`+91${mobile_number}`)), true))
    t.match(seen.now, { step: 'done', isNewUser: false, user: { mobile_number } })
  })
})

t.test('the machine', async (t) => {
  const email = 'asha@example.com'
  const sent = { message: '', expires_in: 300, resend_after: 1, attempts_allowed: 5, otp: '123456' }

  t.test('does one thing at a time', async (t) => {
    const { client, requestOtp, verifyOtp } = fakeClient()
    const { seen } = await render(t, client, useSignIn)
    const outcomes: Promise<boolean>[] = []
    await act(async () => void outcomes.push(seen.now.verify('1'), seen.now.signup({} as never), seen.now.resend()))
    await act(async () => void outcomes.push(seen.now.send({ email }), seen.now.send({ email })))
    t.match(seen.now, { step: 'sending' })
    await act(async () => requestOtp[0]?.resolve(sent))
    t.match(seen.now, { step: 'code', otp: '123456' })
    await act(async () => void outcomes.push(seen.now.verify('1'), seen.now.verify('1'), seen.now.send({ email })))
    await act(async () => verifyOtp[0]?.resolve({ user: asha, isNewUser: false }))
    t.strictSame(await Promise.all(outcomes), [false, false, false, true, false, true, false, false])
    t.strictSame([requestOtp.length, verifyOtp.length], [1, 1], 'a double click is one call')
    t.match(seen.now, { step: 'done', user: asha, otp: null })
  })

  t.test('counts down to the next code', async (t) => {
    const { client, requestOtp } = fakeClient()
    const { seen } = await render(t, client, useSignIn)
    await act(async () => void seen.now.send({ email }))
    await act(async () => requestOtp[0]?.reject(new LatchkeyError('rate_limited', { status: 429, retryAfter: 2 })))
    t.match(seen.now, { step: 'idle', resendIn: 2, error: { code: 'rate_limited' } })
    await act(async () => void seen.now.send({ email }))
    await act(async () => requestOtp[1]?.resolve(sent))
    t.match(seen.now, { step: 'code', resendIn: 1 })
    while (seen.now.resendIn > 0) await act(async () => new Promise((resolve) => setTimeout(resolve, 20)))
    await act(async () => void seen.now.resend())
    await act(async () => requestOtp[2]?.reject(offline))
    t.match(seen.now, { step: 'code', error: { code: 'offline' } }, 'the first code is still good')
  })

  t.test('ends with its component', async (t) => {
    const { client, requestOtp } = fakeClient()
    const { seen, unmount } = await render(t, client, useSignIn)
    let outcome: Promise<boolean> | undefined
    await act(async () => {
      outcome = seen.now.send({ email })
    })
    await unmount()
    const count = seen.all.length
    t.ok(requestOtp[0]?.signal?.aborted, 'what is on its way is given up')
    requestOtp[0]?.resolve(sent)
    t.equal(await outcome, false)
    t.equal(seen.all.length, count)
  })

  t.test('starts again, whatever is on its way', async (t) => {
    const { client, sendOtp } = fakeClient()
    const { seen } = await render(t, client, useSignIn)
    let outcome: Promise<boolean> | undefined
    await act(async () => {
      outcome = seen.now.send({ mobile_number: '9876543210' })
    })
    await act(async () => seen.now.reset())
    t.match(seen.now, { step: 'idle', error: null })
    await act(async () => void seen.now.send({ mobile_number: '9876543211' }))
    await act(async () => sendOtp[0]?.resolve(sent))
    t.equal(await outcome, false)
    t.match(seen.now, { step: 'sending' }, 'the first answer is nobody’s')
    await act(async () => sendOtp[1]?.resolve(sent))
    t.match(seen.now, { step: 'code' })
  })

  t.test('proves a number that was somebody else’s', async (t) => {
    const { client, requestOtp, verifyOtp } = fakeClient()
    const bodies: unknown[] = []
    const verify = client.identifier.verifyOtp
    client.identifier.verifyOtp = (body, call) => {
      bodies.push(body)
      return verify(body, call)
    }
    const { seen } = await render(t, client, useSignIn)
    const signIn = async (identifier: { email: string }, answer: () => void) => {
      await act(async () => void seen.now.send(identifier))
      await act(async () => requestOtp.at(-1)?.resolve(sent))
      await act(async () => void seen.now.verify('123456'))
      await act(async () => answer())
    }
    const second = new LatchkeyError('second_proof_required', { status: 403, recycleToken: 'proof' })
    await signIn({ email }, () => verifyOtp[0]?.reject(second))
    t.match(seen.now, { step: 'code', error: { code: 'second_proof_required' } })
    await signIn({ email: 'other@example.com' }, () => verifyOtp[1]?.resolve({ user: asha, isNewUser: false }))
    t.strictSame(bodies[1], { email: 'other@example.com', otp: '123456', recycle_token: 'proof' })
    t.match(seen.now, { step: 'done' })
  })

  t.test('does not keep errors that are not the client’s', async (t) => {
    const { client, requestOtp } = fakeClient()
    const { seen } = await render(t, client, useSignIn)
    await act(async () => {
      const outcome = seen.now.send({ email })
      requestOtp[0]?.reject(new Error('the keychain is locked'))
      await t.rejects(outcome, { message: 'the keychain is locked' })
    })
    t.match(seen.now, { step: 'idle', error: null })
  })
})
