import { withSession } from '../../../latchkey.js'

export const GET = withSession((_request, { session }) => Response.json({ orders: [], of: session.userId }))
export const POST = withSession((_request, { session }) => Response.json({ ordered: true, by: session.userId }))
