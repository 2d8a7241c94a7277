// Who asks, for whatever runs on the server.
import { createLatchkey } from '@latchkey/server/next'

export const { session, withSession, gate } = createLatchkey({
  url: process.env.AUTH_URL ?? 'http://127.0.0.1:3000',
})
