// Reads V8's CPU profiles: which functions the time went to themselves, not through what they called, and whose packages these
// worked for.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type CallFrame = Readonly<{ functionName: string; url: string; lineNumber: number }>

type Profile = Readonly<{
  nodes: readonly Readonly<{ id: number; callFrame: CallFrame; children?: readonly number[] }>[]
  samples: readonly number[]
  /** microseconds before each sample */
  timeDeltas: readonly number[]
}>

export type ProfileLine = Readonly<{ place: string; seconds: number /** of the busy time */; share: number }>

/** What took the most time of its own. */
export type ProfileTops = Readonly<{ functions: readonly ProfileLine[]; packages: readonly ProfileLine[] }>

/** Nothing was done in these. */
const idle = new Set(['(idle)', '(root)'])

/**
 * The functions and the packages of every profile in the folder with the most self time.
 * @param skipped seconds at the beginning that do not count: loading modules is no work on requests
 */
export function topOfProfiles(folder: string, most: number, skipped: number): ProfileTops {
  const functions = new Map<string, number>()
  const packages = new Map<string, number>()
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile
    for (const [stack, seconds] of selfTimesOf(profile, skipped * 1e6)) {
      add(functions, placeOf(stack[0]), seconds)
      add(packages, packageOf(stack), seconds)
    }
  }
  return { functions: topOf(functions, most), packages: topOf(packages, most) }
}

/** From the function that was busy to the one that everything began in. */
type Stack = readonly [CallFrame, ...CallFrame[]]

/** Seconds of each stack that was seen. */
function selfTimesOf({ nodes, samples, timeDeltas }: Profile, skipped: number): [Stack, number][] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const totals = new Map<number, number>()
  let at = 0
  for (const [index, id] of samples.entries()) {
    const delta = Number(timeDeltas[index])
    at += delta
    if (at >= skipped) totals.set(id, (totals.get(id) ?? 0) + delta / 1e6)
  }
  return [...totals].flatMap(([id, seconds]) => {
    const [own, ...outer] = stackOf(id, frames, callers)
    return own === undefined || idle.has(own.functionName) ? [] : [[[own, ...outer], seconds]]
  })
}

function stackOf(
  id: number,
  frames: ReadonlyMap<number, CallFrame>,
  callers: ReadonlyMap<number, number>,
): CallFrame[] {
  const stack: CallFrame[] = []
  for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) {
    const frame = frames.get(at)
    if (frame !== undefined) stack.push(frame)
  }
  return stack
}

function add(totals: Map<string, number>, place: string, seconds: number): void {
  totals.set(place, (totals.get(place) ?? 0) + seconds)
}

function topOf(totals: ReadonlyMap<string, number>, most: number): ProfileLine[] {
  const busy = [...totals.values()].reduce((sum, seconds) => sum + seconds, 0)
  return [...totals]
    .map(([place, seconds]) => ({ place, seconds, share: seconds / busy }))
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, most)
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file =
    url
      .split('/node_modules/')
      .at(-1)
      ?.replace(/^file:.*\/(dist|bench)\//, '$1/') ?? url
  return `${name}  ${file}:${lineNumber + 1}`
}

/** Whom the function worked for: the first package that called it, itself included. Node.js where it answers an event by itself. */
function packageOf(stack: Stack): string {
  const code = stack.find(({ url }) => url !== '' && !url.startsWith('node:'))
  if (code !== undefined) return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(code.url)?.[1] ?? 'its own code'
  return stack.some(({ url }) => url !== '') ? 'Node.js' : stack[0].functionName
}
