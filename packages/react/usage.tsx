// Compiled by scripts/check-packages.mjs against the packed package, as a page would be.
import { createClient, memoryStorage } from '@latchkey/client'
import { LatchkeyProvider, type SignInStep, useLatchkey, useSession, useSignIn } from '@latchkey/react'
import type { ReactElement } from 'react'

const client = createClient({ baseUrl: 'https://auth.example.com', storage: memoryStorage() })

function Account(): ReactElement {
  const { status, user, error, signOut, reload } = useSession()
  const { step, resendIn, error: refused, ...signIn } = useSignIn()
  const same: boolean = useLatchkey() === client
  const names: Record<SignInStep, string> = {
    idle: 'Sign in',
    sending: '…',
    code: 'Enter the code',
    verifying: '…',
    signup: 'Tell us more',
    signing_up: '…',
    done: user?.addresses[0]?.city ?? '',
  }
  return (
    <section title={refused?.code ?? error?.code ?? ''} hidden={!same}>
      <h1>{names[step]}</h1>
      <button type="button" onClick={() => signIn.send({ email: 'asha@example.com' })} />
      <button type="button" onClick={() => signIn.send({ mobile_number: '9876543210', mode: 'login' })} />
      <button type="button" disabled={resendIn > 0} onClick={signIn.resend} />
      <button type="button" onClick={() => signIn.verify('123456')} />
      <button type="button" onClick={status === 'signed_in' ? signOut : reload} />
    </section>
  )
}

export const page = (
  <LatchkeyProvider client={client} initialUser={null}>
    <Account />
  </LatchkeyProvider>
)

// @ts-expect-error: phone or email
export const wrong = () => useSignIn().send({ phone: '9876543210' })
