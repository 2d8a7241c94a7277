// Reads V8's CPU profiles: which functions the time went to themselves, not through what they called.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  /** microseconds before each sample */
  timeDeltas: number[]
}

export type ProfileLine = Readonly<{ place: string; seconds: number /** of the busy time */; share: number }>

/** Nothing was done in these. */
const idle = new Set(['(idle)', '(root)'])

/**
 * The functions of every profile in the folder with the most self time.
 * @param skipped seconds at the beginning that do not count: loading modules is no work on requests
 */
export function topOfProfiles(folder: string, most: number, skipped: number): ProfileLine[] {
  const totals = new Map<string, number>()
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))) {
    addSelfTimes(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile, totals, skipped * 1e6)
  }
  const busy = [...totals.values()].reduce((sum, seconds) => sum + seconds, 0)
  return [...totals]
    .map(([place, seconds]) => ({ place, seconds, share: seconds / busy }))
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, most)
}

function addSelfTimes({ nodes, samples, timeDeltas }: Profile, totals: Map<string, number>, skipped: number): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  let at = 0
  for (const [index, id] of samples.entries()) {
    const delta = Number(timeDeltas[index])
    at += delta
    const frame = frames.get(id)
    if (at < skipped || frame === undefined || idle.has(frame.functionName)) continue
    const place = placeOf(frame)
    totals.set(place, (totals.get(place) ?? 0) + delta / 1e6)
  }
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file =
    url
      .split('/node_modules/')
      .at(-1)
      ?.replace(/^file:.*\/(dist|bench)\//, '$1/') ?? url
  return `${name}  ${file}:${lineNumber + 1}`
}
