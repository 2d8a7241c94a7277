// The smallest runner that tells: tests one after the other, each line by line, and how many passed and failed.
import { AssertionError } from 'node:assert'

type Check = { name: string; run: () => Promise<void> }
const checks: Check[] = []
const endings: (() => Promise<void>)[] = []

/** A test. It fails by throwing. */
export function test(name: string, run: () => Promise<void>): void {
  checks.push({ name, run })
}

/** What is to be done when all tests of the file are over. */
export function afterAll(end: () => Promise<void>): void {
  endings.push(end)
}

/**
 * Runs the tests of the files that were loaded since the last call.
 * @param only runs those alone whose name has it
 */
export async function runChecks(only: string | undefined): Promise<{ passed: number; failed: number }> {
  const counts = { passed: 0, failed: 0 }
  for (const { name, run } of checks.splice(0)) {
    if (only !== undefined && !name.includes(only)) continue
    const started = performance.now()
    try {
      await run()
      counts.passed += 1
      say(`ok ${name} (${Math.round(performance.now() - started)} ms)`)
    } catch (error) {
      counts.failed += 1
      say(`FAIL ${name}\n${indented(error)}`)
    }
  }
  for (const end of endings.splice(0).reverse()) await end()
  return counts
}

const say = (line: string) => process.stdout.write(`${line}\n`)

function indented(error: unknown): string {
  const { message, stack } = error as Error
  const text =
    error instanceof AssertionError ? `${message}\n${stack?.split('\n    at ').slice(1, 4).join('\n')}` : stack
  return String(text).replace(/^/gm, '  ')
}
