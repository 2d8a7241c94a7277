// Codes that fill in by themselves: WebOTP where the browser has it (Chromium on Android), the keyboard's own offer everywhere else.
import { host } from './host.js'

/** For the one field of a code, which has to be a single one: keyboards and password managers fill no row of six. */
export const otpInputAttributes = {
  autocomplete: 'one-time-code',
  inputmode: 'numeric',
  autocapitalize: 'off',
  spellcheck: 'false',
} as const

/**
 * The code of the next SMS for this site (WebOTP: its last line is `@domain #code`). Null where the browser cannot, the person says no,
 * or the signal ends the waiting, which would go on for ever: give one.
 */
export async function receiveOtp(signal?: AbortSignal): Promise<string | null> {
  const { navigator, OTPCredential } = host
  if (!OTPCredential || !navigator?.credentials || signal?.aborted) return null
  try {
    const received = await navigator.credentials.get({ otp: { transport: ['sms'] }, ...(signal && { signal }) })
    const { code } = Object(received)
    return typeof code === 'string' ? code : null
  } catch {
    return null
  }
}

/** What is needed of an `<input>`. */
export type OtpInput = {
  value: string
  readonly form: { addEventListener(type: 'submit', listener: () => void): void } | null
  setAttribute(name: string, value: string): void
  dispatchEvent(event: Event): boolean
}

/**
 * Makes a field one for codes, and fills in the next one that arrives, unless somebody was faster. It ends with the signal, or when the
 * form is sent. Resolves to the code, or to null as {@link receiveOtp}.
 */
export async function autofillOtp(input: OtpInput, signal?: AbortSignal): Promise<string | null> {
  for (const [name, value] of Object.entries(otpInputAttributes)) input.setAttribute(name, value)
  const waiting = new AbortController()
  const end = () => waiting.abort()
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end)
  input.form?.addEventListener('submit', end)
  const code = await receiveOtp(waiting.signal)
  signal?.removeEventListener('abort', end)
  if (code === null || input.value !== '') return null
  input.value = code
  // As if it had been typed: frameworks listen for it.
  input.dispatchEvent(new Event('input', { bubbles: true }))
  return code
}
