// Settings from a file called `.env` beside the project, for those who keep them there. The real environment wins.
import { existsSync } from 'node:fs'

export function loadEnvironmentFile(path = '.env'): void {
  if (existsSync(path)) process.loadEnvFile(path)
}
