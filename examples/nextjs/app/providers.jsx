'use client'
import { createClient } from '@latchkey/client'
import { LatchkeyProvider } from '@latchkey/react'

const client = createClient({ baseUrl: '/latchkey' })

export function Providers({ children }) {
  return <LatchkeyProvider client={client}>{children}</LatchkeyProvider>
}
