// The rows of the product's own systems: who hears of events, and who is asked before a signup.
import { day, type Setting } from './setting.js'

export const eventRows = {
  EVENT_WEBHOOKS: {
    type: 'text',
    secret: 'within',
    rule: 'must be a list of URL|whsec_SECRET: https (http to loopback only) without user name, password and fragment, each URL once, secrets of at least 24 bytes, none at two URLs',
    example: 'https://api.example.com/latchkey|whsec_c2VjcmV0IG9mIGF0IGxlYXN0IDI0IGJ5dGVz',
    about:
      'Who is told of events, each URL with its secret, comma-separated; signed as Standard Webhooks. URL|NEW|OLD signs with both secrets while one is exchanged. A comma in a URL is %2C.',
    see: 'docs/events.md',
  },
  EVENT_IDENTIFIERS: {
    type: 'choice',
    options: ['none', 'full'],
    default: 'none',
    about:
      'full tells receivers and readers of events the phone and email that the user has at that moment. They are kept in no event.',
    see: 'docs/events.md',
  },
  EVENT_RETENTION: {
    type: 'duration',
    default: 30 * day,
    // longer than anything waits to be delivered
    minimum: 3 * day,
    maximum: 3650 * day,
    about: 'How long an event can be read and sent again.',
    see: 'docs/events.md',
  },
  HOOK_BEFORE_SIGNUP: {
    type: 'text',
    secret: 'within',
    rule: 'must be URL|whsec_SECRET: https (http to loopback only) without user name, password and fragment, a secret of at least 24 bytes',
    example: 'https://api.example.com/may-sign-up|whsec_b3RoZXIgc2VjcmV0IG9mIDI0IGJ5dGVzIQ==',
    about: 'Who is asked whether an account may be made, once the code is found right: a URL with its secret.',
    see: 'docs/hooks.md',
  },
  HOOK_FAIL_OPEN: {
    type: 'flag',
    default: false,
    about: 'Whether an account is made where HOOK_BEFORE_SIGNUP gives no answer in two seconds; else it is 503.',
    see: 'docs/hooks.md',
  },
} as const satisfies Record<string, Setting>
