// Runs the service with all it needs, for trying and developing: `latchkey dev`.
import { defineCommand } from './command.js'
import { dev as declared } from './declarations.js'
import { isSource, placeOfProject } from './environment.js'

export const devCommand = defineCommand(declared, async () => {
  const { develop } = await import('../development/develop.js')
  return develop({ projectDirectory: placeOfProject(), isWatched: isSource })
})
