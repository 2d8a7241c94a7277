import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { session } from '../latchkey.js'
import { Account } from './account.jsx'

export default async function Page() {
  // Asked again where the page is made: proxy.js saves a page, it does not guard one.
  const me = await session(await headers())
  if (me === null) redirect('/sign-in')
  return (
    <main>
      <h1>Shop</h1>
      <p>
        Your id is <code>{me.userId}</code>
      </p>
      <Account />
    </main>
  )
}
