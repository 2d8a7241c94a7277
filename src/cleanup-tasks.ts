// All that the cleanup removes; shared by the service, which runs it on a schedule, and the command for outside schedulers.
import { deleteExpiredTickets } from './auth/signup-tickets.js'
import type { Database } from './database/client.js'
import type { CleanupTasks } from './operations/cleanup.js'
import { deleteExpiredCodes } from './otp/cleanup.js'
import { deleteExpiredSessions } from './sessions/service.js'

export function createCleanupTasks(database: Database): CleanupTasks {
  return {
    otps: (most) => deleteExpiredCodes(database, most),
    signup_tickets: (most) => deleteExpiredTickets(database, most),
    sessions: (most) => deleteExpiredSessions(database, most),
  }
}
