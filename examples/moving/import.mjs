// Makes an account for everybody of another system: `node import.mjs users.ndjson >ids.ndjson`. A line each, in both files:
//   {"id":"17","phone":"+919876543210","name":"Asha"}   becomes   {"old":"17","new":"01a2…"}
// AUTH_URL is where the service is, TOKEN that of an admin. It can be run again: whoever has an account gets no second one.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

const { AUTH_URL: url, TOKEN: token } = process.env
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

async function ask(path, init) {
  for (;;) {
    const answer = await fetch(url + path, { headers, ...init })
    // Both say after how many seconds it is worth trying again.
    if (answer.status !== 429 && answer.status !== 503) return answer
    const seconds = Number(answer.headers.get('retry-after') ?? 1)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  }
}

/** Whose the phone or email is, exactly; undefined where nobody's. */
async function find({ phone, email }) {
  const { data } = await (await ask(`/users?q=${encodeURIComponent(phone ?? email)}`)).json()
  return data.find((user) => (phone ? user.phone === phone : user.email === email))
}

let refused = 0
for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) {
  const { id, phone, email, name } = JSON.parse(line)
  const body = { ...(phone && { phone }), ...(email && { email }), ...(name && { user_name: name }) }
  const answer = await ask('/users', { method: 'POST', body: JSON.stringify(body) })
  const said = await answer.json()
  const user = answer.ok ? said.data : said.code === 'already_registered' ? await find(body) : undefined
  if (user) process.stdout.write(`${JSON.stringify({ old: id, new: user.id })}\n`)
  else {
    refused += 1
    process.stderr.write(`${id}: ${said.errors.join('; ')}\n`)
  }
}
process.exitCode = refused === 0 ? 0 : 1
