// The rows of the pages: those at /sign-in and /admin, whose they look like, and where the first may send people back to.
import { inDevelopment, type Setting } from './setting.js'

export const pageRows = {
  SIGN_IN_PAGE: {
    type: 'flag',
    // A page that nobody asked for is one more thing to attack, and whoever has a page of their own needs none.
    default: inDevelopment(true, false),
    about: 'Whether the page at /sign-in is there.',
    see: 'docs/sign-in-page.md',
  },
  ADMIN_CONSOLE: {
    type: 'flag',
    // The same, and it tells whoever finds it that there are admins to be caught.
    default: inDevelopment(true, false),
    about: 'Whether the console for admins at /admin is there.',
    see: 'docs/admin-console.md',
  },
  SIGN_IN_FLOW: {
    type: 'choice',
    options: ['identifier', 'mobile'],
    default: 'identifier',
    about:
      'identifier: phones of SMS_COUNTRIES and emails, new people have an account at once; mobile: national numbers of DEFAULT_COUNTRY, new people fill in a form.',
  },
  BRAND_NAME: {
    type: 'text',
    defaultOf: 'APP_NAME',
    rule: 'must be 1 to 60 characters on one line, without control characters',
    about: 'What the pages call you.',
  },
  BRAND_LOGO_URL: {
    type: 'text',
    rule: 'must be a path of the same origin, such as /logo.svg',
    example: '/logo.svg',
    about: "A path of the page's own origin: your proxy serves it.",
  },
  BRAND_COLOR: {
    type: 'text',
    pattern: /^#([\da-fA-F]{3}|[\da-fA-F]{6})$/,
    rule: 'must be a colour such as #0b57d0',
    example: '#0b57d0',
    about:
      '#rgb or #rrggbb. Where text of it could not be read, the page shows a darker or lighter shade, and the log says so at start.',
  },
  RETURN_TO_ORIGINS: {
    type: 'list',
    of: 'origins such as https://shop.example.com (https except on loopback)',
    default: [],
    example: 'https://shop.example.com,https://app.example.com',
    about:
      'Other origins to which the page may send people back, with a one-time code. A page of one that calls POST /auth/exchange itself needs to be in CORS_ORIGINS too.',
    see: 'docs/sign-in-page.md',
  },
} as const satisfies Record<string, Setting>
