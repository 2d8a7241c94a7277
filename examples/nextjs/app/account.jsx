'use client'
import { useSession } from '@latchkey/react'

export function Account() {
  const { user, signOut } = useSession()
  const leave = () => signOut().then(() => window.location.assign('/sign-in'))
  return (
    <p>
      <output>{user?.email ?? '…'}</output>{' '}
      <button type="button" onClick={leave}>
        Sign out
      </button>
    </p>
  )
}
