// Runs what docs/guides/mobile.md says against the service: with the client on a keychain, and by hand. The last line counts.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { check, claimsOf, main, pack, runToEnd, startService } from '../support.mjs'
import { Session, SignedOut } from './session.mjs'
import { storageOn } from './storage.mjs'

/** As Expo's: keys have letters, digits and `.-_` alone, and values are texts. */
function keychain() {
  const kept = new Map()
  const hold = (key) => {
    if (!/^[\w.-]+$/.test(key)) throw new Error(`Invalid key ${key}`)
  }
  return {
    kept,
    AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 1,
    async getItemAsync(key) {
      hold(key)
      return kept.get(key) ?? null
    },
    async setItemAsync(key, value) {
      hold(key)
      if (typeof value !== 'string') throw new Error('A value is a text')
      kept.set(key, value)
    },
    async deleteItemAsync(key) {
      hold(key)
      kept.delete(key)
    },
  }
}

const folder = await mkdtemp(join(tmpdir(), 'latchkey-mobile-'))

await main(async () => {
  try {
    const service = await startService()
    await withClient(service)
    await byHand(service)
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** The same session by a token that has ended. */
function ended(service, token) {
  const now = Math.floor(Date.now() / 1000)
  return service.es256(service.header, { ...claimsOf(token), iat: now - 600, exp: now - 10 })
}

async function withClient(service) {
  const file = await pack('client', folder)
  await writeFile(join(folder, 'package.json'), '{}')
  await runToEnd('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${file}`], { cwd: folder })
  const entry = join(folder, 'node_modules/@latchkey/client/dist/native.js')
  const { createClient } = await import(pathToFileURL(entry))
  const chain = keychain()
  const open = () => createClient({ baseUrl: service.url, storage: storageOn(chain) })
  const email = `${randomUUID()}@example.com`
  const client = open()
  const { otp } = await client.identifier.requestOtp({ email })
  await client.identifier.verifyOtp({ email, otp })
  check('the client keeps both tokens in the keychain', chain.kept.size === 2, [...chain.kept.keys()])
  check('another start of the app is signed in', (await open().me()).email === email)
  await client.logout()
  check('a sign-out forgets the token, not the device', chain.kept.size === 1 && chain.kept.has('latchkey.device'), [
    ...chain.kept.keys(),
  ])
}

async function byHand(service) {
  const kept = new Map()
  const store = {
    get: async (key) => kept.get(key) ?? null,
    set: async (key, value) => void kept.set(key, value),
    remove: async (key) => void kept.delete(key),
  }
  const session = new Session(service.url, store)
  const me = async () => (await session.call('GET', '/users/me')).data
  const email = `${randomUUID()}@example.com`
  const signIn = async () => session.verifyCode({ email }, (await session.sendCode({ email })).otp)

  const user = await signIn()
  check('by hand: signed in', (await me()).id === user.id)
  const device = kept.get('device_token')
  const token = kept.get('token')
  kept.set('token', ended(service, token))
  const all = await Promise.all(Array.from({ length: 5 }, me))
  const renewed = kept.get('token')
  check(
    'a token that has ended is refreshed, once for five calls',
    all.every(({ id }) => id === user.id) && renewed !== token,
  )
  await service.call('/api/auth/logout', {}, renewed)
  const outcome = await me().catch((error) => error)
  check(
    'a session that was ended elsewhere is over',
    outcome instanceof SignedOut && !kept.has('token'),
    String(outcome),
  )
  check('and the device is still known', kept.get('device_token') === device)
  await signIn()
  check('also at the next sign-in', (await me()).id === user.id && kept.get('device_token') === device)
  const wrong = await session.verifyCode({ email }, '000000').catch(({ code }) => code)
  check('a wrong code signs nobody out', wrong === 'otp_invalid' && (await me()).id === user.id, wrong)
  kept.set('token', ended(service, kept.get('token')))
  await service.end()
  const away = await me().catch((error) => error)
  check('no network signs nobody out', !(away instanceof SignedOut) && kept.has('token'), String(away))
  await session.signOut().catch(() => {})
  check('signing out works without it', !kept.has('token') && kept.has('device_token'))
}
