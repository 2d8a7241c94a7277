// What browsers and systems ask the domain of passkeys: which other pages and which apps may use them.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { PasskeySettings } from '../config/passkey-settings.js'
import { errorResponses } from '../http/responses.js'

export type AssociationOptions = { settings: PasskeySettings }

const tags = ['Passkeys']

/** Systems fetch them by networks of their own and keep them for days; a new app is to be known soon. */
const cacheControl = 'public, max-age=300'

export const passkeyAssociationRoutes: FastifyPluginAsyncTypebox<AssociationOptions> = async (app, { settings }) => {
  const { webOrigins, iosApps, androidApps } = settings
  const packages = [...new Set(androidApps.map(([name]) => name))]
  const assetLinks = packages.map((name) => ({
    // That the app may use the passkeys of this domain, and not that its links open the app.
    relation: ['delegate_permission/common.get_login_creds'],
    target: {
      namespace: 'android_app',
      package_name: name,
      sha256_cert_fingerprints: androidApps.filter(([owner]) => owner === name).map(([, fingerprint]) => fingerprint),
    },
  }))

  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', cacheControl)
  })

  app.get(
    '/webauthn',
    {
      schema: {
        operationId: 'getRelatedOrigins',
        summary: 'The pages that may use the passkeys of this domain (WebAuthn level 3, §5.11)',
        description:
          'For browsers. There where the domain of passkeys is the host of `PUBLIC_URL`, as are the two below.',
        tags,
        response: {
          200: Type.Object(
            { origins: Type.Array(Type.String()) },
            { title: 'RelatedOrigins', description: 'Origins', examples: [{ origins: ['https://example.com'] }] },
          ),
          ...errorResponses(),
        },
      },
    },
    async () => ({ origins: [...webOrigins] }),
  )

  app.get(
    '/apple-app-site-association',
    {
      schema: {
        operationId: 'getAppleAppSiteAssociation',
        summary: 'Apps of Apple’s systems that may use the passkeys of this domain',
        description: 'For these systems: `PASSKEY_IOS_APPS`.',
        tags,
        response: {
          200: Type.Object(
            { webcredentials: Type.Object({ apps: Type.Array(Type.String()) }, { title: 'WebCredentials' }) },
            {
              title: 'AppleAppSiteAssociation',
              description: 'The apps',
              examples: [{ webcredentials: { apps: ['ABCDE12345.com.example.app'] } }],
            },
          ),
          ...errorResponses(),
        },
      },
    },
    async () => ({ webcredentials: { apps: [...iosApps] } }),
  )

  app.get(
    '/assetlinks.json',
    {
      schema: {
        operationId: 'getAssetLinks',
        summary: 'Android apps that may use the passkeys of this domain (Digital Asset Links)',
        description: 'For Android: `PASSKEY_ANDROID_APPS`.',
        tags,
        response: {
          200: Type.Array(
            Type.Object(
              {
                relation: Type.Array(Type.String()),
                target: Type.Object(
                  {
                    namespace: Type.String(),
                    package_name: Type.String(),
                    sha256_cert_fingerprints: Type.Array(Type.String()),
                  },
                  { title: 'AssetLinkTarget' },
                ),
              },
              { title: 'AssetLink' },
            ),
            {
              title: 'AssetLinks',
              description: 'The apps',
              examples: [
                [
                  {
                    relation: ['delegate_permission/common.get_login_creds'],
                    target: {
                      namespace: 'android_app',
                      package_name: 'com.example.app',
                      sha256_cert_fingerprints: [Array(32).fill('AB').join(':')],
                    },
                  },
                ],
              ],
            },
          ),
          ...errorResponses(),
        },
      },
    },
    async () => assetLinks,
  )
}
