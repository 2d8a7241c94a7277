// A replica that can be killed: it changes users and delivers their events, by the built code. Its parent kills it at any moment.
// process.argv: the database, the receiver, its secret, the users.
import { openDatabase } from '../../dist/database/client.js'
import { EventDispatcher } from '../../dist/events/dispatcher.js'

const [url, receiver, secret, users] = process.argv.slice(2)
const database = openDatabase({ url, directUrl: url, poolSize: 6, namedStatements: true })
const dispatcher = new EventDispatcher({
  database,
  endpoints: [{ url: receiver, keys: [Buffer.from(secret.slice(6), 'base64')] }],
  tellsIdentifiers: false,
  onTelemetry() {},
  // What is killed gives its endpoint up soon, so that half a minute is enough for fifty times.
  times: { lease: 300, idle: 10, follow: 50, firstRetry: 0.05, slow: 100, timeout: 1_000, most: 50 },
})
dispatcher.start()

// At the end it only delivers.
let isQuiet = false
process.on('message', () => {
  isQuiet = true
})

// The endpoint hears of what happens once it is known: from here on that is all.
while ((await database.eventEndpoint.count()) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
const ids = users.split(',')
for (let n = 0; !isQuiet; n += 1) {
  const id = ids[n % ids.length]
  // The count in the name is what the log is held against: each commit adds one to it, and one event.
  await database.$executeRaw`UPDATE users SET user_name = (user_name::int + 1)::text WHERE id = ${id}::uuid`
  if (n === 0) process.send('ready')
  if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}
