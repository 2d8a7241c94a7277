// Prints new secrets in the form of settings: `latchkey keys new`.
import { defineCommand, type WorkContext } from './command.js'
import { keysNew as declared } from './declarations.js'
import { newSecrets } from './new-secrets.js'

export const keysNewCommand = defineCommand(declared, printKeys)

async function printKeys({ answer }: WorkContext<typeof declared.options>): Promise<number> {
  const { JWT_PRIVATE_KEY, publicKey, ...secrets } = newSecrets()
  answer({ settings: { JWT_PRIVATE_KEY, ...secrets }, publicKey }, [
    `JWT_PRIVATE_KEY=${JWT_PRIVATE_KEY}`,
    '# Its public half, for JWT_PREVIOUS_PUBLIC_KEYS before and after a rotation:',
    `# JWT_PREVIOUS_PUBLIC_KEYS=${publicKey}`,
    ...Object.entries(secrets).map(([name, value]) => `${name}=${value}`),
  ])
  return 0
}
