// `npm run dev`: the service with all it needs, reloaded at every change; Ctrl-C stops all of it in order.
import { fileURLToPath } from 'node:url'
import { parseCommandLineOrExit } from '../config/command-line.js'
import { develop } from './develop.js'

parseCommandLineOrExit(
  {
    program: 'npm run dev --',
    summary: 'Runs the service with all it needs, and again after every change. Settings are those of .env.',
  },
  process.argv.slice(2),
)

develop({ projectDirectory: fileURLToPath(new URL('../..', import.meta.url)), isWatched: true }).then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`npm run dev: ${error.message}\n`)
    process.exit(1)
  },
)
