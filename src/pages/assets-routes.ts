// What the pages have in common: the headers of all that is theirs, and their files under a path of its own.
import type { FastifyInstance } from 'fastify'
import type { ChallengeSettings } from '../config/challenge-settings.js'
import { serveFromMemory } from '../http/memory-files.js'
import { pagePolicy } from './document.js'
import type { PageFiles } from './page-files.js'

/** Codes fill in and passkeys work on these pages alone; nothing else of a device is any business of them. */
const permissions = [
  'otp-credentials=(self)',
  'publickey-credentials-get=(self)',
  'publickey-credentials-create=(self)',
  ...['camera', 'geolocation', 'microphone', 'payment', 'usb'].map((feature) => `${feature}=()`),
].join(', ')

/** The years' end of what never changes (RFC 8246). */
const forGood = 'public, max-age=31536000, immutable'

/** Of documents and files alike. */
export const pageHeaders = (provider: ChallengeSettings['provider']) => ({
  'content-security-policy': pagePolicy(provider),
  'permissions-policy': permissions,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
})

/** Serves the files of a page below `/PAGE/assets/VERSION/`. */
export function serveAssets(
  app: FastifyInstance,
  page: 'sign-in' | 'admin',
  { files, version }: PageFiles,
  headers: Readonly<Record<string, string>>,
): void {
  for (const { name, type, body } of files) {
    // A replica of another release is asked for its own version, and keeps nobody's page from working meanwhile.
    serveFromMemory(app, { path: `/${page}/assets/:version/${name}`, type, body }, ({ params }) => {
      const isKnown = Reflect.get(Object(params), 'version') === version
      return { ...headers, 'cache-control': isKnown ? forGood : 'no-store' }
    })
  }
}
