// One question to the service: bounded in time, redirected to nobody, and any failure is one error.
import { SessionCheckError } from './errors.js'
import type { Settings } from './options.js'

export type Answer = { status: number; body: unknown }

/**
 * @param path from the root of the service
 * @throws SessionCheckError `unavailable` where no answer came, or one that says "later"
 */
export async function askService(
  { url, fetch, timeout }: Pick<Settings, 'url' | 'fetch' | 'timeout'>,
  path: string,
  init: RequestInit = {},
): Promise<Answer> {
  const address = url + path
  const response = await answered(address, () =>
    // Whoever redirects would be sent tokens and the secret.
    fetch(address, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeout) }),
  )
  const { status, headers } = response
  const text = await answered(address, () => response.text())
  if (status >= 500 || status === 429 || status === 408) {
    const seconds = Number(headers.get('retry-after') ?? Number.NaN)
    throw new SessionCheckError('unavailable', `${address} answered ${status}`, {
      ...(Number.isFinite(seconds) && { retryAfter: seconds }),
    })
  }
  return { status, body: parsed(text) }
}

async function answered<Result>(address: string, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (cause) {
    throw new SessionCheckError('unavailable', `${address} did not answer`, { cause })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
