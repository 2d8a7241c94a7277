// One's own addresses: what may be written, one default whatever happens, twenty at most, and nobody else's.
import t from 'tap'
import { checkedPincode, isCountry } from '../../src/users/postal-code.js'
import { startApp } from '../support/app.js'
import { join, nobody, type Person } from '../users/people.js'

const path = '/users/me/addresses'
const form = {
  house_number: '12B',
  street_locality: 'MG Road',
  city: 'Bengaluru',
  state: 'Karnataka',
  pincode: '560001',
}

async function add(person: Person, fields: object = {}): Promise<string> {
  const { status, body } = await person.post(path, { ...form, ...fields })
  if (status !== 201) throw new Error(`${status}: ${body.errors}`)
  return body.data.id
}

/** The id of the default address; throws unless there is exactly one, where there are addresses. */
async function defaultOf(person: Person): Promise<string | undefined> {
  const { body } = await person.get(path)
  const defaults = body.data.filter((address: { is_default: boolean }) => address.is_default)
  if (defaults.length !== Math.min(1, body.data.length)) throw new Error(`${defaults.length} defaults`)
  return defaults[0]?.id
}

t.test('add, list, change and remove; me shows them too', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  t.strictSame((await asha.get(path)).body, { success: true, data: [], next_cursor: null })
  const added = await asha.post(path, { ...form, house_number: ' 12B ', city: ' बेंगलुरु ', is_default: false })
  const home = { type: 'Home', ...form, city: 'बेंगलुरु', country: 'IN', is_default: true }
  t.match([added.status, added.body.data], [201, home], 'the first one is the default')
  const work = await asha.post(path, { ...form, type: 'Work' })
  t.match([work.status, work.body.data], [201, { type: 'Work', is_default: false }])

  const changed = await asha.patch(`${path}/${work.body.data.id.toUpperCase()}`, {
    city: ' Mysuru ',
    pincode: '570001',
  })
  t.strictSame(
    [changed.status, changed.body.data],
    [200, { ...work.body.data, city: 'Mysuru', pincode: '570001' }],
    'and nothing else',
  )
  const listed = await asha.get(path)
  t.strictSame(listed.body, { success: true, data: [added.body.data, changed.body.data], next_cursor: null })
  t.strictSame((await asha.get('/api/auth/me')).body.data.addresses, listed.body.data)

  const { id } = added.body.data
  t.strictSame((await asha.delete(`${path}/${id}`)).body, { success: true, data: { id } })
  t.equal((await asha.delete(`${path}/${id}`)).status, 404, 'once')
  const events = await service.database.authEvent.findMany({ where: { event: 'user_updated' }, orderBy: { id: 'asc' } })
  t.strictSame(
    events.map(({ detail }) => detail),
    ['address added', 'address added', 'address changed', 'address removed'],
  )
  t.match(events[0], { userId: asha.id, actorId: null, network: '127.0.0.0/24' })
})

t.test('what is no address is 400, and nothing is kept', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const id = await add(asha)
  const before = await service.database.address.findMany()
  const faults: [object, string][] = [
    [{ house_number: '  ' }, 'house_number must be 1 to 200 characters, without control characters'],
    [{ street_locality: 'x'.repeat(201) }, 'street_locality must be 1 to 200 characters, without control characters'],
    [{ city: 'a\nb' }, 'city must be 1 to 200 characters, without control characters'],
    [{ type: 'home' }, 'type must be one of Home, Work, Other'],
    [{ pincode: '012345' }, 'pincode must be 6 digits'],
    [{ pincode: '56000' }, 'pincode must be 6 digits'],
    [{ pincode: '' }, 'pincode must be 6 digits'],
    [{ pincode: '५६०००' }, 'pincode must be 6 digits'],
    [{ pincode: 560001 }, 'pincode must be a string'],
    [{ pincode: '1'.repeat(33) }, 'pincode must be at most 32 characters'],
    [{ country: 'in' }, 'country must be one of ISO 3166-1 alpha-2, such as IN'],
    [{ country: 'UK', pincode: 'SW1A 1AA' }, 'country must be one of ISO 3166-1 alpha-2, such as IN'],
    [{ country: 'IND' }, 'country must be at most 2 characters'],
    [{ country: 'US', pincode: '9410' }, 'pincode must be a postal code of US'],
    [{ country: 'CA', pincode: 'K1A\n0B1' }, 'pincode must be a postal code of CA'],
    [{ country: 'AE', pincode: '<b>' }, 'pincode must be a postal code of AE'],
    [{ is_default: 'true' }, 'is_default must be a boolean'],
    [{ id: nobody }, 'id is not a known field'],
    [{ user_id: nobody }, 'user_id is not a known field'],
  ]
  for (const [fields, line] of faults) {
    for (const answer of [
      await asha.post(path, { ...form, ...fields }),
      await asha.patch(`${path}/${id}`, { ...form, ...fields }),
    ]) {
      t.match([answer.status, answer.body.code, answer.body.errors], [400, 'validation_failed', [line]], line)
    }
  }
  t.match((await asha.post(path, {})).body.errors.length, 4, 'every missing field is named')
  t.match((await asha.patch(`${path}/${id}`, {})).body.errors, ['Give at least one field to change'])
  t.equal((await asha.patch(`${path}/${id}`)).status, 400, 'no body')
  for (const odd of ['1', 'me', `${nobody}0`, "'%20OR%201=1"]) {
    t.match(await asha.patch(`${path}/${odd}`, { city: 'x' }), { status: 400, body: { errors: ['id must be a UUID'] } })
    t.match(await asha.delete(`${path}/${odd}`), { status: 400, body: { errors: ['id must be a UUID'] } })
  }
  t.strictSame(await service.database.address.findMany(), before)
})

t.test('the postal code fits the country, whichever of them changes', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const id = await add(asha, { country: 'GB', pincode: ' sw1a 1aa ' })
  t.match((await asha.get(path)).body.data, [{ country: 'GB', pincode: 'SW1A 1AA' }])
  const change = (fields: object) => asha.patch(`${path}/${id}`, fields)
  t.match(await change({ country: 'IN' }), { status: 400, body: { errors: ['pincode must be 6 digits'] } })
  t.match(await change({ pincode: '560001' }), {
    status: 400,
    body: { errors: ['pincode must be a postal code of GB'] },
  })
  t.match((await change({ country: 'IN', pincode: '560001' })).body.data, { country: 'IN', pincode: '560001' })
  t.match((await change({ country: 'AE', pincode: '' })).body.data, { country: 'AE', pincode: '' }, 'a country without')
  t.match(await change({ country: 'FR' }), { status: 400, body: { errors: ['pincode must be a postal code of FR'] } })
  const { pincode, ...without } = form
  t.match((await asha.post(path, { ...without, country: 'HK' })).body.data, { country: 'HK', pincode: '' })
  t.match(await asha.post(path, without), { status: 400, body: { errors: ['pincode must be 6 digits'] } })
})

t.test('postal codes and countries', async (t) => {
  const codes = {
    IN: '110001',
    US: '94103-1234',
    CA: 'K1A 0B1',
    JP: '100-0001',
    DE: '10115',
    BR: '01310-100',
    AE: '00000',
  }
  for (const [country, code] of Object.entries(codes)) t.equal(checkedPincode(country, code), code, country)
  t.throws(() => checkedPincode('DE', ''), { code: 'validation_failed' })
  const written: [string, string, string][] = [
    ['IN', '560 001', '560001'],
    ['IN', '५६०-००१', '560001'],
    ['JP', '1000001', '100-0001'],
    ['JP', '〒１００−０００１', '100-0001'],
    ['KZ', 'a15 c9p5', 'A15C9P5'],
    ['KZ', '050000', '050000'],
    ['KH', '120101', '120101'],
    ['KH', '12000', '12000'],
    ['GB', 'm11ae', 'M1 1AE'],
    ['GB', 'sw1a  1aa', 'SW1A 1AA'],
    ['GB', 'GIR\u00a00AA', 'GIR 0AA'],
    ['IE', 'd6wxy12', 'D6W XY12'],
    ['CA', 'K1A      0B1', 'K1A 0B1'],
    ['US', '94103 1234', '94103-1234'],
    ['SE', 'SE-123 45', '123 45'],
    ['LV', '1050', 'LV-1050'],
    ['LV', 'lv 1050', 'LV-1050'],
    ['MD', '2001', 'MD-2001'],
    ['AD', '500', 'AD500'],
    ['DE', 'D-10115', '10115'],
    ['SV', 'CP 1101', '1101'],
    ['PT', '1000001', '1000-001'],
    ['BB', '', ''],
    ['EG', '1234567', '1234567'],
    ['GH', 'ga–123 4567', 'GA-123 4567'],
    ['AE', ' ', ''],
  ]
  for (const [country, text, code] of written) {
    t.equal(checkedPincode(country, text), code, `${country} ${text}`)
    t.equal(checkedPincode(country, code), code, 'the form that is stored')
  }
  for (const [country, text] of [
    ['IN', '060001'],
    ['IN', '５６０００'],
    ['GB', 'SW1A 1A'],
    ['US', '941031'],
    ['CA', 'D1A 0B1'],
    ['VA', '00121'],
    ['LV', 'LT-1050'],
    ['JP', '100\n0001'],
    ['HK', 'x'],
  ] as const) {
    t.throws(() => checkedPincode(country, text), { code: 'validation_failed' }, `${country} ${text}`)
  }
  const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const all = letters.flatMap((one) => letters.map((other) => one + other)).filter(isCountry)
  t.equal(all.length, 250)
  t.strictSame(
    all.filter((country) => names.of(country) === undefined),
    [],
  )
  for (const former of ['SU', 'YU', 'AN', 'UK', 'EU', 'ZZ']) t.notOk(isCountry(former), former)
})

t.test('one default: it moves, is inherited by the oldest, and is never nowhere', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const [first, second] = [await add(asha), await add(asha)]
  t.equal(await defaultOf(asha), first)
  const third = await add(asha, { is_default: true })
  t.equal(await defaultOf(asha), third)
  t.match((await asha.patch(`${path}/${second}`, { is_default: true })).body.data, { is_default: true })
  t.equal(await defaultOf(asha), second)
  t.equal((await asha.patch(`${path}/${second}`, { is_default: true })).status, 200, 'again')
  t.equal((await asha.patch(`${path}/${first}`, { is_default: false })).status, 200, 'what it is not')
  t.match(await asha.patch(`${path}/${second}`, { is_default: false, city: 'x' }), {
    status: 400,
    body: { errors: ['is_default moves by making another address the default'] },
  })
  t.equal(await defaultOf(asha), second)
  await asha.delete(`${path}/${third}`)
  t.equal(await defaultOf(asha), second, 'another one goes')
  const last = await add(asha)
  await asha.delete(`${path}/${second}`)
  t.equal(await defaultOf(asha), first, 'the oldest one left')
  await asha.delete(`${path}/${first}`)
  t.equal(await defaultOf(asha), last)
  await asha.delete(`${path}/${last}`)
  t.equal(await defaultOf(asha), undefined)
  t.equal(await add(asha), await defaultOf(asha), 'and from the start')
})

t.test('parallel calls leave one default and no 500', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const made = await Promise.all(Array.from({ length: 8 }, () => add(asha, { is_default: true })))
  t.ok(await defaultOf(asha), 'firsts at once')
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(made.map((id) => asha.patch(`${path}/${id}`, { is_default: true })))
    t.ok(answers.every(({ status }) => status === 200))
    t.ok(made.includes(String(await defaultOf(asha))))
  }
  const before = await defaultOf(asha)
  const [heir, other, ...rest] = made.filter((id) => id !== before)
  const mixed = await Promise.all([
    asha.delete(`${path}/${before}`),
    asha.delete(`${path}/${heir}`),
    asha.patch(`${path}/${other}`, { is_default: true }),
    ...rest.slice(2).map((id) => asha.delete(`${path}/${id}`)),
  ])
  t.ok(mixed.every(({ status }) => status === 200))
  t.ok(await defaultOf(asha))
  const left = (await asha.get(path)).body.data.map(({ id }: { id: string }) => id)
  await Promise.all(left.map((id: string) => asha.delete(`${path}/${id}`)))
  t.strictSame((await asha.get(path)).body.data, [])
})

t.test('50 at once make 20, and the 21st says why', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const answers = await Promise.all(Array.from({ length: 50 }, () => asha.post(path, { ...form, is_default: true })))
  const statuses = answers.map(({ status }) => status)
  t.equal(statuses.filter((status) => status === 201).length, 20)
  t.equal(statuses.filter((status) => status === 400).length, 30)
  t.equal(await service.database.address.count(), 20)
  const before = await defaultOf(asha)
  t.match(await asha.post(path, { ...form, is_default: true }), {
    status: 400,
    body: { code: 'validation_failed', errors: ['There can be 20 addresses: delete one first'] },
  })
  t.equal(await defaultOf(asha), before, 'the default stays')
  await add(await join(service, 'ravi@example.com'))
})

t.test("another user's address is as one that is not there", async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const eve = await join(service, 'eve@example.com')
  const id = await add(asha)
  const before = await service.database.address.findMany()
  for (const call of [
    (which: string) => eve.patch(`${path}/${which}`, { city: 'Mine', is_default: true }),
    (which: string) => eve.patch(`${path}/${which}`, { country: 'XX', is_default: false }),
    (which: string) => eve.delete(`${path}/${which}`),
  ]) {
    const [existing, missing] = [await call(id), await call(nobody)]
    t.match([existing.status, existing.body.code], [404, 'not_found'])
    t.equal(existing.text, missing.text)
    t.strictSame(Object.keys(existing.headers), Object.keys(missing.headers))
  }
  t.strictSame(await service.database.address.findMany(), before)
  t.strictSame((await eve.get(path)).body.data, [])
  t.equal((await service.get(path)).status, 401)
  t.equal((await service.post(path, form)).status, 401)
  t.equal((await service.ask({ method: 'DELETE', url: `${path}/${id}` })).status, 401)
})

t.test('the signup form holds its postal code to the default country', async (t) => {
  const service = await startApp(t, { settings: { DEFAULT_COUNTRY: 'DE' } })
  const mobile_number = '15123456789'
  await service.post('/api/auth/send-otp', { mobile_number })
  const otp = service.lastCode('+4915123456789')
  const { body } = await service.post('/api/auth/verify-otp', { mobile_number, otp })
  const signup = (pincode: string) =>
    service.post('/api/auth/signup', {
      mobile_number,
      user_name: 'Uwe',
      ...form,
      pincode,
      signup_token: body.signup_token,
    })
  t.match(await signup('1011'), { status: 400, body: { errors: ['pincode must be a postal code of DE'] } })
  t.match(await signup(' 10115 '), { status: 201, body: { address: { country: 'DE', pincode: '10115' } } })
})
