// Reads tokens, one a line, and answers each with its claims or why there are none: for the check of this folder.
import { createInterface } from 'node:readline'
import { claimsOf } from './verify.mjs'

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await claimsOf(line).catch((error) => ({ error: error.message }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
