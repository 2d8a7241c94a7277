// The rows of the process: where it listens, who it is to the world, whom it believes, what it tells.
import { inDevelopment, inProduction, type Setting } from './setting.js'

export const serverRows = {
  NODE_ENV: {
    type: 'choice',
    options: ['production', 'development', 'test'],
    default: 'production',
    about: 'How careful the service is. Unset means production, so that forgetting it switches no guard off.',
  },
  HOST: {
    type: 'text',
    default: inDevelopment('127.0.0.1', '0.0.0.0'),
    about: 'The address at which the service listens.',
  },
  PORT: {
    type: 'integer',
    default: 3000,
    minimum: 0,
    maximum: 65_535,
    about: 'The port at which the service listens; 0 takes one that is free.',
  },
  PUBLIC_URL: {
    type: 'text',
    rule: 'must be an origin such as https://login.example.com',
    example: 'https://login.example.com',
    about:
      'The origin that people reach the service at; https in production, except on loopback. Where a proxy in front changes the header Host, browsers cannot sign in without it. Twilio reports there what became of a message, and nowhere without it.',
    see: 'deploy/README.md',
  },
  TRUST_PROXY: {
    type: 'list',
    of: 'IP addresses or CIDR blocks of your proxies (never true, never a number)',
    default: [],
    example: '10.0.0.0/8',
    about:
      'Addresses or CIDR blocks of your own proxies, whose PROXY_HEADER and x-request-id (a UUID) are believed. Never true, never a number: with those, clients could choose their address.',
    see: 'deploy/README.md',
  },
  UPSTREAMS: {
    type: 'text',
    readBy: 'compose.yaml',
    example: 'latchkey:3000 latchkey-2:3000',
    about:
      'The replicas that Caddy hands requests to, with spaces between; the first one unless set. deploy/compose/setup.sh writes it.',
    see: 'docs/compose.md',
  },
  PROXY_HEADER: {
    type: 'choice',
    options: ['x-forwarded-for', 'forwarded'],
    default: 'x-forwarded-for',
    about:
      'The header in which they name the client: x-forwarded-for, or forwarded (RFC 7239), with or without ports. The other one is ignored.',
  },
  LOG_LEVEL: {
    type: 'choice',
    options: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    about: 'The least severe lines that are logged.',
  },
  DOCS: {
    type: 'flag',
    // A page that calls the API is for who builds with it: production shows it only where that is asked for.
    default: inProduction(false, true),
    about: 'Whether the page at /docs, which shows the API and can call it, is there.',
  },
  METRICS_TOKEN: {
    type: 'text',
    secret: 'key',
    rule: 'must be letters, digits and -._~+/ alone',
    about:
      'What Prometheus shows at /metrics, which in production is there only with it: at least 32 bytes. openssl rand -hex 32 makes one.',
    see: 'docs/metrics.md',
  },
  CLEANUP_CRON: {
    type: 'text',
    default: '*/5 * * * *',
    rule: 'must be a cron expression such as */5 * * * *',
    about: 'When expired codes, tickets and sessions are removed.',
  },
} as const satisfies Record<string, Setting>
