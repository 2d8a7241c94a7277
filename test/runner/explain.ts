// Why something failed, in words and paths of the sources.
import { relative } from 'node:path'
import { inspect } from 'node:util'
import { buildFolder } from './compile.js'

/** What a check of tap says of why it failed (its diagnostics), the most telling part first. */
export function causeOf(diag: unknown): string {
  if (typeof diag !== 'object' || diag === null) return 'it says no more'
  const { at, diff, stack, source, found, wanted, compare, ...others } = diag as Record<string, unknown>
  const place = at as { fileName?: string; lineNumber?: number; columnNumber?: number } | undefined
  const values = diff ?? (found === undefined && wanted === undefined ? undefined : inspect({ found, wanted }))
  const rest = Object.entries(others).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : inspect(value)}`,
  )
  return [place && `at ${place.fileName}:${place.lineNumber}:${place.columnNumber}`, ...rest, values, source, stack]
    .filter((part) => part !== undefined)
    .map((part) => String(part).trimEnd())
    .join('\n')
}

/** What a process printed that ended too early, without what only tells of Node itself. */
export function explain(printed: string): string {
  const missing = /Cannot find module '([^']+)' imported from (.+)/.exec(printed)
  if (missing) return `${sourceOf(missing[2])} imports ${sourceOf(missing[1])}, which does not exist`
  const isOfNode = (line: string) => /^\s+at .*node:internal|^Node\.js v|^node:internal/.test(line)
  return printed
    .split('\n')
    .filter((line) => !isOfNode(line))
    .join('\n')
    .trim()
}

function sourceOf(path = ''): string {
  const inProject = relative(process.cwd(), path)
  return inProject.startsWith(buildFolder) ? relative(buildFolder, inProject).replace(/\.js$/, '.ts') : inProject
}
