// The rows of sending: drivers, routes, gateways, and what messages say.
import { inProduction, type Setting } from './setting.js'

/** RFC 1123 §2.1: at least two labels in A-labels, the last one no number: an address is no domain. */
const domain = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** What EHLO takes (RFC 5321 §4.1.1.1): a domain, or an address literal. */
const hostName =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[\da-f:.]+)\])$/i

export const sendingRows = {
  SMS_DRIVERS: {
    type: 'list',
    of: 'drivers (console, twilio, webhook)',
    default: inProduction([], ['console']),
    required: 'in production where CHANNELS has sms',
    example: 'twilio,webhook',
    about: 'The drivers of SMS in the order in which they are tried: twilio, webhook; console outside production.',
    see: 'docs/drivers.md',
  },
  EMAIL_DRIVERS: {
    type: 'list',
    of: 'drivers (console, smtp, webhook)',
    default: inProduction([], ['console']),
    required: 'in production where CHANNELS has email',
    example: 'smtp',
    about: 'The drivers of mail in the order in which they are tried: smtp, webhook; console outside production.',
    see: 'docs/drivers.md',
  },
  SMS_ROUTES: {
    type: 'text',
    rule: 'must be a list such as IN:webhook+twilio,*:twilio, each country and each of its drivers once',
    example: 'IN:webhook+twilio,*:twilio',
    about:
      'Other drivers, or another order, for some countries of SMS_COUNTRIES. * is every other country; without it, those go by SMS_DRIVERS.',
    see: 'docs/drivers.md',
  },
  TWILIO_ACCOUNT_SID: {
    type: 'text',
    pattern: /^AC[0-9a-f]{32}$/,
    rule: 'must be AC and 32 hexadecimal digits',
    required: 'by the driver twilio',
    about: 'The account at Twilio.',
  },
  TWILIO_AUTH_TOKEN: { type: 'text', secret: 'key', required: 'by the driver twilio', about: 'Its secret.' },
  TWILIO_FROM: {
    type: 'text',
    // An E.164 number, a short code, or a name of up to 11 letters, digits and spaces with at least one letter
    pattern: /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[a-z])[a-z0-9][a-z0-9 ]{0,10})$/i,
    rule: 'must be a number such as +15005550006, a short code or a name of up to 11 characters',
    required: 'by the driver twilio, unless TWILIO_MESSAGING_SERVICE_SID is set',
    about: 'The number, short code or name that messages come from.',
  },
  TWILIO_MESSAGING_SERVICE_SID: {
    type: 'text',
    pattern: /^MG[0-9a-f]{32}$/,
    rule: 'must be MG and 32 hexadecimal digits',
    about: 'The messaging service that messages come from, in place of TWILIO_FROM.',
  },
  TWILIO_BASE_URL: {
    type: 'text',
    default: 'https://api.twilio.com',
    rule: 'must be an https origin (http to loopback only)',
    about: "Another region's API, such as https://api.dublin.ie1.twilio.com, or whatever else speaks it.",
  },
  SMTP_URL: {
    type: 'text',
    secret: 'within',
    rule: 'must be smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465',
    required: 'by the driver smtp',
    example: 'smtp://user:password@mail.example.com:587',
    about:
      'The mail server: smtp:// is STARTTLS, required except to loopback; smtps:// is TLS from the start. Signs that mean something in a URL are percent-encoded in user and password: @ is %40.',
  },
  SMTP_NAME: {
    type: 'text',
    pattern: hostName,
    rule: 'must be a host name such as mail.example.com, or an address in brackets',
    defaultOf: 'the domain of EMAIL_FROM',
    about: 'How the server is greeted (EHLO).',
  },
  EMAIL_FROM: {
    type: 'text',
    rule: 'must be one address, such as Latchkey <codes@example.com>',
    required: 'by the driver smtp',
    example: 'Latchkey <codes@example.com>',
    about: 'Whom mail comes from.',
  },
  SENDER_WEBHOOK_URL: {
    type: 'text',
    rule: 'must be an https URL (http to loopback only) without user name and password',
    required: 'by the driver webhook',
    example: 'https://gateway.example.com/codes',
    about:
      'Your gateway gets POST {to, channel, code, message, locale, expires_in}, signed as Standard Webhooks. examples/webhook-receiver has one.',
    see: 'docs/drivers.md',
  },
  SENDER_WEBHOOK_SECRET: {
    type: 'text',
    secret: 'key',
    rule: 'must be whsec_ and at least 24 bytes in base64',
    required: 'by the driver webhook',
    about: 'What its requests are signed with. latchkey keys new prints one.',
  },
} as const satisfies Record<string, Setting>

export const costRows = {
  MESSAGE_COSTS: {
    type: 'list',
    of: 'prices such as IN:0.2, *:5 for every other country, or email:0.01, with up to 4 decimals',
    default: [],
    example: 'IN:0.2,US:0.8,*:5,email:0.01',
    about:
      'What a message costs, by the country of its number, for the numbers of the console. Without it they show no cost.',
    see: 'docs/users.md',
  },
  MESSAGE_COST_CURRENCY: {
    type: 'text',
    default: 'USD',
    pattern: /^[A-Z]{3}$/,
    rule: 'must be a currency such as INR (ISO 4217)',
    about: 'In which currency they are.',
  },
} as const satisfies Record<string, Setting>

export const messageRows = {
  APP_NAME: {
    type: 'text',
    default: 'Latchkey',
    rule: 'must be 1 to 30 characters on one line, without control characters',
    about: 'The name in messages: up to 12 characters leave room for all the words in every language.',
    see: 'docs/messages.md',
  },
  WEBOTP_DOMAIN: {
    type: 'text',
    pattern: domain,
    rule: 'must be a host name such as login.example.com',
    about:
      'Host name of the page that people type codes into: browsers and iPhones then offer to fill it in there, and nowhere else.',
    see: 'docs/messages.md',
  },
  ANDROID_APP_HASH: {
    type: 'text',
    pattern: /^[A-Za-z0-9+/]{11}$/,
    rule: "must be the 11 characters of the app's hash",
    about: "The 11 characters by which Android's SMS Retriever knows your app.",
    see: 'docs/messages.md',
  },
  MESSAGES_DIR: {
    type: 'text',
    about:
      'A folder of further languages, and of other words for those there are: NAME.json each. latchkey messages shows all of them.',
    see: 'docs/messages.md',
  },
} as const satisfies Record<string, Setting>
