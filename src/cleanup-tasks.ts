// All that the cleanup removes; shared by the service, which runs it on a schedule, and the command for outside schedulers.

import { deleteOldEvents } from './audit/events.js'
import { addUpHours, deleteOldHours } from './audit/message-hours.js'
import { letRecycledLeave } from './auth/recycled.js'
import type { Database } from './database/client.js'
import { deleteExpired } from './database/expired.js'
import { deleteOldEndpoints, deleteOldFromLog, numberEvents } from './events/log.js'
import { deleteExpiredLimits } from './limits/cleanup.js'
import { deleteExpiredCounters } from './limits/service.js'
import type { CleanupTasks } from './operations/cleanup.js'
import { deleteExpiredCodes } from './otp/cleanup.js'

/**
 * @param retention seconds that a row of the trail is kept
 * @param recycleAfter null where no identifier leaves its account
 * @param eventRetention seconds that an event can be read and sent again
 */
export function createCleanupTasks(
  database: Database,
  retention: number,
  recycleAfter: number | null = null,
  eventRetention = 30 * 86_400,
): CleanupTasks {
  return {
    otps: (most) => deleteExpiredCodes(database, most),
    identifier_limits: (most) => deleteExpiredLimits(database, most),
    signup_tickets: (most) => deleteExpired(database, 'signup_tickets', most),
    recycle_tickets: (most) => deleteExpired(database, 'recycle_tickets', most),
    exchange_codes: (most) => deleteExpired(database, 'exchange_codes', most),
    ...(recycleAfter !== null && { recycled_identifiers: (most) => letRecycledLeave(database, most) }),
    spent_challenges: (most) => deleteExpired(database, 'spent_challenges', most),
    passkey_challenges: (most) => deleteExpired(database, 'passkey_challenges', most),
    sessions: (most) => deleteExpired(database, 'sessions', most),
    devices: (most) => deleteExpired(database, 'devices', most),
    api_keys: (most) => deleteExpired(database, 'api_keys', most),
    limit_counters: (most) => deleteExpiredCounters(database, most),
    message_hours: async (most) => {
      // Before the events of which they are made may go.
      await addUpHours(database)
      return deleteOldHours(database, retention, most)
    },
    // Not removed, but moved to where they are kept, where nobody delivers or reads them.
    event_outbox: (most) => numberEvents(database, most),
    event_endpoints: (most) => deleteOldEndpoints(database, most),
    events: (most) => deleteOldFromLog(database, eventRetention, most),
    auth_events: (most) => deleteOldEvents(database, retention, most),
  }
}
