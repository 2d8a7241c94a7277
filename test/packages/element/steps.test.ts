// The steps of the element, without a page.
import t from 'tap'
import { type Event, isSame, next, type State, start, type Who } from '../../../packages/element/src/steps.js'

const phone: Who = { method: 'phone', phonePrefix: '+91', phone: '9876543210', shown: '+91 9876543210' }
const email: Who = { method: 'email', email: 'asha@example.com', shown: 'asha@example.com' }
const sent = { resendAt: 31_000, endsAt: 301_000, attempts: 3 }
const user = { user_name: null, phone: '+919876543210', email: null }
const after = (...events: Event[]): State => events.reduce(next, start)
const atCode: Event[] = [{ type: 'nobody' }, { type: 'sent', who: phone, sent }]
const wrong: Event = { type: 'failed', problem: { kind: 'otp_invalid' } }

t.test('the way in: asked, sent, verified', async (t) => {
  t.equal(after().step.name, 'checking')
  t.equal(after({ type: 'nobody' }).step.name, 'identify')
  t.match(after(...atCode).step, { name: 'code', who: phone, sent })
  t.match(after(...atCode, { type: 'signed-in', user, isNewUser: true }), {
    step: { name: 'done', user, isNewUser: true },
    last: null,
  })
  t.match(after({ type: 'present', user }).step, { name: 'present', user })
  t.match(after(...atCode, { type: 'new-number' }).step, { name: 'signup', who: phone })
})

t.test('each wrong code is a guess less, and the last one ends the code, whatever is typed then', async (t) => {
  const once = after(...atCode, wrong)
  t.match(once, { problem: { kind: 'otp_invalid', attempts: 2 }, last: { sent: { attempts: 2 } } })
  t.equal(next(once, { type: 'typed' }).problem, null)
  const spent = after(...atCode, wrong, wrong, wrong)
  t.match(spent.problem, { kind: 'code_spent' })
  t.match(next(spent, { type: 'typed' }).problem, { kind: 'code_spent' })
  t.match(next(spent, wrong).step, { sent: { attempts: 0 } }, 'never below zero')
  t.match(next(spent, { type: 'sent', who: phone, sent }), {
    problem: null,
    resent: 1,
    step: { sent: { attempts: 3 } },
  })
  t.match(
    after({ type: 'nobody' }, wrong).problem,
    { kind: 'otp_invalid', attempts: undefined },
    'elsewhere it is no guess',
  )
})

t.test('a code that ends while it is verified is the service’s to judge', async (t) => {
  t.match(after(...atCode, { type: 'ended' }).problem, { kind: 'code_ended' })
  t.equal(after(...atCode, { type: 'busy', busy: 'verifying' }, { type: 'ended' }).problem, null)
  t.equal(after({ type: 'nobody' }, { type: 'ended' }).problem, null, 'and nothing after it was left')
})

t.test('whoever comes back to the same one has its counts; of another one nothing is known', async (t) => {
  const back = after(...atCode, wrong, { type: 'start-over' })
  t.match(back, { step: { name: 'identify' }, problem: null })
  t.match(next(back, { type: 'have-code', who: phone, now: 5_000 }).step, { sent: { resendAt: 31_000, attempts: 2 } })
  t.match(next(back, { type: 'have-code', who: email, now: 5_000 }).step, {
    sent: { resendAt: 5_000, endsAt: 305_000 },
  })
  t.equal(after(...atCode, { type: 'sent', who: email, sent }).resent, 0)
})

t.test('a number that was somebody else’s: the other one is proved, or a new account asked for', async (t) => {
  const recycled: Event[] = [...atCode, { type: 'recycled', recycleToken: 'proof' }]
  t.match(after(...recycled).step, { name: 'recycled', who: phone, recycleToken: 'proof', waitUntil: null })
  t.match(after(...recycled, { type: 'new-account', waitUntil: 9 }).step, { name: 'recycled', waitUntil: 9 })
  const proving = after(...recycled, { type: 'prove-other' })
  t.match(proving, { step: { name: 'identify' }, method: 'email', recycleToken: 'proof' })
  t.match(next(proving, { type: 'start-over' }), { recycleToken: null })
  const other = after(
    { type: 'sent', who: email, sent },
    { type: 'recycled', recycleToken: 'p' },
    { type: 'prove-other' },
  )
  t.equal(other.method, 'phone')
})

t.test('answers that come late change nothing', async (t) => {
  const late: Event[] = [
    { type: 'new-number' },
    { type: 'recycled', recycleToken: 'x' },
    { type: 'new-account', waitUntil: 1 },
    { type: 'prove-other' },
  ]
  const identify = after({ type: 'nobody' })
  for (const event of late) t.equal(next(identify, event), identify, event.type)
  const recycled = after(...atCode, { type: 'recycled', recycleToken: 'x' })
  t.equal(next(recycled, { type: 'new-number' }), recycled)
})

t.test('being busy clears what was wrong, and being done with it does not', async (t) => {
  const failed = after(...atCode, wrong)
  t.equal(next(failed, { type: 'busy', busy: 'verifying' }).problem, null)
  t.match(next(failed, { type: 'busy', busy: null }).problem, { kind: 'otp_invalid' })
  t.equal(after({ type: 'method', method: 'email' }).method, 'email')
  t.match(after({ type: 'start-over', notice: 'deleted' }), { notice: 'deleted' })
  t.match(after({ type: 'start-over', problem: { kind: 'unauthorized' } }).problem, { kind: 'unauthorized' })
})

t.test('who is the same', async (t) => {
  t.ok(isSame(phone, { ...phone, shown: 'as typed' }))
  t.notOk(isSame(phone, { ...phone, phonePrefix: '+1' }))
  t.notOk(isSame(phone, email))
  t.notOk(isSame(email, phone))
  t.ok(isSame(email, { ...email }))
  t.notOk(isSame(email, { ...email, email: 'b@example.com' }))
})
