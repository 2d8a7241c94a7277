// Which sources the coverage is asked of: all that runs in production. The rest needs what a test cannot be in:
// src/development starts servers as other users and on other systems, and is tested from outside, in processes of its own;
// src/server.ts is the entry, tested as a process by test/server.test.ts; the generated client is not ours.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const outside = /^src[\\/](development|generated)[\\/]|^src[\\/]server\.ts$/

const sources = readdirSync('src', { recursive: true })
  .map((file) => join('src', file))
  .filter((file) => file.endsWith('.ts') && !outside.test(file))

// biome-ignore lint/style/noDefaultExport: tap asks for one
export default () => sources
