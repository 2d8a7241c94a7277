// The rows of sessions: keys, tokens, cookies, and which sites may use them.
import { day, type Setting } from './setting.js'

export const sessionRows = {
  JWT_PRIVATE_KEY: {
    type: 'text',
    secret: 'key',
    required: 'in production',
    rule: 'must be a P-256, Ed25519 or RSA (2048 bits and more) key in PEM',
    about:
      'What tokens are signed with: a P-256, Ed25519 or RSA key in PEM, also on one line with \\n or in base64. latchkey keys new prints one.',
  },
  JWT_PREVIOUS_PUBLIC_KEYS: {
    type: 'text',
    rule: 'must hold public keys in PEM',
    about:
      'Public keys (PEM, also in base64) whose tokens are good beside those of JWT_PRIVATE_KEY: the next one before a rotation, the last one after it.',
    see: 'deploy/README.md',
  },
  JWT_ISSUER: {
    type: 'text',
    default: 'latchkey',
    about:
      'The claim iss of tokens. Where it is PUBLIC_URL, libraries find keys and algorithms by it alone, at /.well-known/openid-configuration.',
    see: 'docs/guides/back-end.md',
  },
  JWT_AUDIENCE: { type: 'text', default: 'latchkey', about: 'The claim aud of tokens.' },
  SESSION_TTL: {
    type: 'duration',
    default: 7 * day,
    minimum: 60,
    // NIST SP 800-63B-4 §2.1.3: 30 days at most
    maximum: 30 * day,
    about: 'How long a session lasts without use.',
  },
  TOKEN_TTL: {
    type: 'duration',
    default: 7 * day,
    defaultOf: 'SESSION_TTL',
    minimum: 60,
    maximum: 30 * day,
    about: 'How long one token lives, up to SESSION_TTL.',
  },
  TOKEN_CLAIMS: {
    type: 'list',
    of: 'role, phone_number_verified, email_verified, and members of the metadata such as public_metadata.plan',
    default: [],
    example: 'role,email_verified,public_metadata.plan',
    about:
      'What Bearer tokens say of their users, for back ends that go by the public keys. It is as old as the token: TOKEN_TTL must be 15m or less. Tokens in cookies say none of it.',
    see: 'docs/guides/discovery.md',
  },
  COOKIE_NAME: {
    type: 'text',
    default: 'jwt',
    rule: 'must be a cookie name other than signup, device and passkey',
    about: "The session's cookie. __Host-jwt is stricter where browsers use the service over TLS only.",
  },
  COOKIE_SAMESITE: {
    type: 'choice',
    options: ['lax', 'strict', 'none'],
    default: 'lax',
    about: 'Whether the cookie goes along from other sites; none needs CORS_ORIGINS.',
  },
  CORS_ORIGINS: {
    type: 'list',
    of: 'origins such as https://app.example.com or capacitor://localhost (https except on loopback; never null, in production never *)',
    default: [],
    example: 'https://app.example.com,https://admin.example.com',
    about:
      'Other sites whose pages may call with cookies; also web views of apps, as they write their origin: capacitor://localhost, ionic://localhost, tauri://localhost. * (calls without cookies, not in production) is for trying things out.',
  },
  INTROSPECTION_TOKEN: {
    type: 'text',
    secret: 'key',
    rule: 'must be letters, digits and -._~+/ alone',
    about:
      'What other services show at /auth/introspect, which is there only with it: at least 32 bytes. openssl rand -hex 32 makes one.',
  },
} as const satisfies Record<string, Setting>
