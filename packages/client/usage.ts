// Compiled by scripts/check-packages.mjs against the packed package, as an application would be.
import { type Client, createClient, LatchkeyError, memoryStorage } from '@latchkey/client'
import { solveChallenge } from '@latchkey/client/challenge'

export const client: Client = createClient({
  baseUrl: 'https://auth.example.com',
  storage: memoryStorage(),
  solveChallenge: async (challenge, signal) =>
    'provider' in challenge ? challenge.site_key : solveChallenge(challenge, signal),
})

export async function signIn(email: string, otp: string): Promise<string> {
  try {
    return (await client.identifier.verifyOtp({ email, otp })).user.id
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : ''
  }
}

// @ts-expect-error: where the service is has to be said
createClient({})
