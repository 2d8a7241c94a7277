// A receiver of events: checks who sends, takes each event once however often it comes, and keeps a copy of the users by them.
//   EVENT_SECRET=whsec_… PORT=4001 node receiver.mjs
// `standardwebhooks` is the one package that it needs.
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const { EVENT_SECRET = '', HOST = '127.0.0.1', PORT = '4001' } = process.env
// Throws where the secret is none.
const webhook = new Webhook(EVENT_SECRET)

/**
 * What a database would hold. An event and what it changes belong into one transaction: INSERT the id into a table with a unique key, apply
 * the change, COMMIT. If the process is killed before, the event comes again; if it is killed after, the id is there.
 */
const store = { ids: new Set(), users: new Map(), sessions: new Map(), alarms: [] }

/** Bytes of an event at the most. */
const longest = 65_536

function apply({ type, timestamp, data }) {
  const { user_id: userId } = data
  // An endpoint hears of what happens from its first day on: of whom it never heard before there is nothing to change. To throw here would
  // have the event come again, and everything of that user wait behind it.
  const user = store.users.get(userId)
  if (type === 'user.created') store.users.set(userId, { role: data.role, since: timestamp, isDisabled: false })
  if (type === 'user.disabled' && user) user.isDisabled = true
  if (type === 'user.updated' && user && data.changed.includes('disabled')) user.isDisabled = false
  if (type === 'user.deleted') store.users.delete(userId)
  if (type === 'session.created') store.sessions.set(data.session_id, userId)
  if (type === 'session.ended') store.sessions.delete(data.session_id)
  if (type === 'security.alarm') store.alarms.push(data)
  // Types that are not known here come with a later version, and are taken.
}

/** The status for the service: 2xx is taken, anything else comes again. */
function take(headers, body) {
  let event
  try {
    // The signature, and that the message is no older than five minutes.
    event = webhook.verify(body, headers)
  } catch {
    return 401
  }
  if (store.ids.has(headers['webhook-id'])) return 200
  apply(event)
  store.ids.add(headers['webhook-id'])
  return 204
}

createServer((request, response) => {
  const chunks = []
  let size = 0
  request.on('data', (chunk) => {
    size += chunk.length
    // Anybody can send anything here: nobody's bytes are kept without end.
    if (size > longest) chunks.length = 0
    else chunks.push(chunk)
  })
  request.on('end', () => {
    if (size > longest) return response.writeHead(413).end()
    if (request.method === 'GET') {
      const { ids, users, sessions, alarms } = store
      const shown = { events: ids.size, users: Object.fromEntries(users), sessions: sessions.size, alarms }
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(shown))
    }
    return response.writeHead(take(request.headers, Buffer.concat(chunks).toString())).end()
  })
}).listen(Number(PORT), HOST)
