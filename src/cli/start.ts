// Runs the service: `latchkey start`.
import { defineCommand } from './command.js'
import { start as declared } from './declarations.js'

export const startCommand = defineCommand(declared, async () => {
  const { startService } = await import('../server.js')
  await startService()
  return 0
})
