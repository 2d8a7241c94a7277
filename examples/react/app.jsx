// A page with a form of its own: who is signed in, and the two steps of signing in (docs/guides/react.md).
import { createClient } from '@latchkey/client'
import { LatchkeyProvider, useSession, useSignIn } from '@latchkey/react'
import { createRoot } from 'react-dom/client'

const client = createClient({ baseUrl: '' }) // the service on the page's own origin

function Page() {
  const { status, user, error, reload, signOut } = useSession()
  if (status === 'loading') return <p>…</p>
  if (status === 'error')
    return (
      <button type="button" onClick={reload}>
        Try again ({error.code})
      </button>
    )
  if (status === 'signed_out') return <SignIn />
  return (
    <p>
      Signed in as {user.email}{' '}
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </p>
  )
}

function SignIn() {
  const { step, error, resendIn, send, resend, verify } = useSignIn()
  const asksForCode = step === 'code' || step === 'verifying'
  const submit = (event) => {
    event.preventDefault()
    const { email, otp } = Object.fromEntries(new FormData(event.currentTarget))
    void (asksForCode ? verify(otp) : send({ email }))
  }
  return (
    <form onSubmit={submit}>
      {asksForCode ? (
        <>
          <input key="otp" name="otp" inputMode="numeric" autoComplete="one-time-code" aria-label="Code" required />
          <button type="button" disabled={resendIn > 0} onClick={resend}>
            Send again {resendIn > 0 && `in ${resendIn} s`}
          </button>
        </>
      ) : (
        <input key="email" name="email" type="email" autoComplete="email" aria-label="Email" required />
      )}
      <button type="submit">Continue</button>
      {error && <p role="alert">{error.code}</p>}
    </form>
  )
}

createRoot(document.body.appendChild(document.createElement('main'))).render(
  <LatchkeyProvider client={client}>
    <Page />
  </LatchkeyProvider>,
)
