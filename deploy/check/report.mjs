// Counts checks as they are made; the last line is `N passed, N failed`, with what was skipped where anything was.

const say = (line) => process.stdout.write(`${line}\n`)

let passed = 0
let failed = 0
let skipped = 0

/** One check: no problems, or a line for each. */
export function check(name, problems) {
  const lines = problems.filter(Boolean)
  if (lines.length === 0) {
    passed += 1
    say(`   ok  ${name}`)
    return
  }
  failed += 1
  say(`FAIL ${name}`)
  for (const line of lines) say(`     | ${line}`)
}

export function skip(name) {
  skipped += 1
  say(`   --  ${name}: skipped`)
}

export function finish() {
  say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed > 0 ? 1 : 0
}
