// What the OpenAPI document says of the API as a whole.

const description = `Sign people in without passwords: a one-time code by SMS or email, checked once, becomes an account and a session.

Two flows share identifiers, codes, sessions and limits; a code asked for in one works in the other.
The **mobile flow** (\`/api/auth\`) takes national numbers of one country and asks a newcomer for a name and an address.
The **identifier flow** (\`/auth\`) takes phones of any allowed country and email addresses, and makes the account on the first sign-in.

Errors are \`application/problem+json\` (RFC 9457); programs switch on \`code\`, and by \`status\` where they do not know it. Every answer carries its request's id in \`x-request-id\`, by which its lines in the log are found.
Pages of other sites that are not in \`CORS_ORIGINS\` get 403 \`cross_site\` where a call carries or sets cookies.
Bodies are JSON in UTF-8; unknown fields are refused; \`null\` for a field that may be left out is as if it were left out; a name that stands twice in an object is refused.

This document is the same for every service of this version. What settings turn on or off is said where it is: where it is off, the path is 404.`

export const about = {
  info: {
    title: 'Latchkey',
    description,
    contact: { name: 'CONTRIBUTING.md and SECURITY.md of the repository' },
    license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
  },
  servers: [
    { url: 'http://127.0.0.1:3000', description: 'A service in development (`npm run dev`)' },
    {
      url: 'https://{host}',
      description: 'A service of yours',
      variables: { host: { default: 'auth.example.com' } },
    },
  ],
  tags: [
    { name: 'Mobile flow', description: 'National mobile numbers of one country, with signup' },
    { name: 'Identifier flow', description: 'Phones of all allowed countries and email addresses' },
    { name: 'Passkeys', description: 'Signing in and stepping up without a code (WebAuthn)' },
    { name: 'Sessions', description: 'The session of either flow, and what other services need to know of sessions' },
    { name: 'Users', description: 'For admins, and for each user about themselves' },
    { name: 'API keys', description: 'What back ends of the product show in place of a person’s session' },
    { name: 'Events', description: 'For the product’s own systems: what happened' },
    { name: 'Delivery receipts', description: 'For gateways and providers, who report what became of a message' },
    { name: 'Operations', description: 'For whoever runs the service' },
  ],
  externalDocs: { description: 'The shape of every error (RFC 9457)', url: 'https://www.rfc-editor.org/rfc/rfc9457' },
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Wins over the cookie' },
    cookie: {
      type: 'apiKey',
      in: 'cookie',
      name: 'jwt',
      description: 'Set by every sign-in, for browsers. Its name is that of `COOKIE_NAME`',
    },
    apiKey: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'lk_…',
      description: 'An API key with the scope that the operation names, and no cookie beside it',
    },
    introspection: { type: 'http', scheme: 'bearer', description: 'The INTROSPECTION_TOKEN of the settings' },
    metrics: { type: 'http', scheme: 'bearer', description: 'The METRICS_TOKEN of the settings' },
    standardWebhooks: {
      type: 'apiKey',
      in: 'header',
      name: 'webhook-signature',
      description: 'Standard Webhooks, signed with the SENDER_WEBHOOK_SECRET of the settings',
    },
    twilio: {
      type: 'apiKey',
      in: 'header',
      name: 'x-twilio-signature',
      description: 'Signed by Twilio with the TWILIO_AUTH_TOKEN of the settings',
    },
  },
}
