'use client'
import { useSession, useSignIn } from '@latchkey/react'
import { useEffect } from 'react'

export default function SignIn() {
  const { status } = useSession()
  const { step, error, resendIn, send, resend, verify, reset } = useSignIn()

  useEffect(() => {
    if (status === 'signed_in') window.location.replace(wanted())
  }, [status])

  const submit = (event) => {
    event.preventDefault()
    const { email, otp } = Object.fromEntries(new FormData(event.target))
    if (email) send({ email })
    else verify(otp)
  }

  return (
    <main>
      <h1>Sign in</h1>
      <form onSubmit={submit}>
        {step === 'idle' || step === 'sending' ? (
          <label key="email">
            Email <input name="email" type="email" autoComplete="email" required />
          </label>
        ) : (
          <label key="otp">
            Code <input name="otp" inputMode="numeric" autoComplete="one-time-code" required />
          </label>
        )}
        <button type="submit" disabled={step === 'sending' || step === 'verifying' || step === 'done'}>
          Continue
        </button>
      </form>
      {step === 'code' && (
        <p>
          <button type="button" onClick={resend} disabled={resendIn > 0}>
            Send again{resendIn > 0 && ` in ${resendIn} s`}
          </button>
          <button type="button" onClick={reset}>
            Another address
          </button>
        </p>
      )}
      <p role="alert">{error?.errors.join(' ')}</p>
    </main>
  )
}

/** Where the person wanted to go, on this site alone. */
function wanted() {
  const { origin, search } = window.location
  const target = new URL(new URLSearchParams(search).get('next') ?? '/', origin)
  return target.origin === origin ? target.href : '/'
}
