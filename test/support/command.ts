// A command of `latchkey` as it is typed, with its lines instead of a terminal.
import { runLatchkey } from '../../src/cli/latchkey.js'

type Given = Readonly<{
  environment?: Readonly<Record<string, string | undefined>>
  ask?: (question: string) => Promise<string>
  /** called with the lines of both outputs as they come */
  onLine?: (line: string) => void
}>

/** @param typed after `latchkey` */
export async function runCommand(typed: readonly string[], { environment = {}, ask, onLine }: Given = {}) {
  const [output, errors]: [string[], string[]] = [[], []]
  const into = (lines: string[]) => (line: string) => {
    lines.push(line)
    onLine?.(line)
  }
  const open = async () => ({ environment, ask, close: async () => {} })
  const code = await runLatchkey(typed, { print: into(output), printError: into(errors), open })
  return { code, output, errors }
}
