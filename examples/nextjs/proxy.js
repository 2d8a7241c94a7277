// Sends people who are not signed in to the page where they do. Before Next.js 16 this is middleware.js, and exports `middleware`.
import { gate } from './latchkey.js'

export const proxy = gate({ signIn: '/sign-in' })

export const config = { matcher: ['/((?!latchkey/|_next/|favicon.ico).*)'] }
