// What may be typed after `latchkey events`.
import type { Declaration } from '../config/command-line.js'
import { json } from './declared-options.js'

const since = {
  type: 'string',
  value: 'TIME',
  description: 'when they happened: 2026-11-20, 2026-11-20T09:00:00Z, or so long ago: 12h, 7d',
} as const

export const eventsParked = {
  program: 'latchkey events parked',
  summary: 'Lists deliveries of events that were given up after 24 hours.',
  options: {
    since: { ...since, default: '30d' },
    limit: { type: 'string', value: 'NUMBER', default: '100', description: 'to show at the most, the oldest first' },
    json,
  },
} as const satisfies Declaration

export const eventsReplay = {
  program: 'latchkey events replay',
  summary: 'Has events sent again that were given up; they go out in order, before what is new of the same user.',
  options: {
    since,
    all: { type: 'boolean', description: 'also those that were taken, to every endpoint' },
    json,
  },
} as const satisfies Declaration
