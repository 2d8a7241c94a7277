// better-auth with its phone number plugin, set up by its documentation and as fast as that allows.
import { betterAuth } from 'better-auth'
import { phoneNumber } from 'better-auth/plugins'
import pg from 'pg'
import { createDelivery } from './delivery.mjs'

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE),
})

const deliver = createDelivery(process.env)

export const options = {
  baseURL: `http://127.0.0.1:${process.env.PORT}`,
  secret: process.env.OTP_PEPPER,
  database: pool,
  telemetry: { enabled: false },
  // Its limits are per address and route, in memory; off by its own switch, where those of the service stay on.
  rateLimit: { enabled: false },
  emailAndPassword: { enabled: false },
  // No cookie cache: `me` asks the database each time, as the service does, so that a logout acts at once.
  session: { cookieCache: { enabled: false } },
  plugins: [
    phoneNumber({
      sendOTP: async ({ phoneNumber: to, code }) => {
        await deliver(to, code)
      },
      // Longer than a run, so that no code ends while rows are counted.
      expiresIn: 86_400,
      allowedAttempts: 10,
      signUpOnVerification: { getTempEmail: (number) => `${number.slice(1)}@bench.example` },
    }),
  ],
}

export const auth = betterAuth(options)

/** Whether the database answers. */
export async function isReady() {
  await pool.query('SELECT 1')
  return true
}
