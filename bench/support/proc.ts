// What Linux tells of processes: CPU time and memory. Elsewhere there is no /proc, and the report says n/a.
import { readdir, readFile } from 'node:fs/promises'

/** Times in /proc are in hundredths of a second on every architecture that Node.js runs on (USER_HZ). */
const ticksPerSecond = 100

type Stat = Readonly<{
  pid: number
  parent: number
  /** seconds of its own, and of children that have ended */
  own: number
  ofEnded: number
}>

/** CPU seconds of one process; null where the system does not tell. */
export async function cpuSecondsOf(pid: number): Promise<number | null> {
  return (await readStat(pid))?.own ?? null
}

/** CPU seconds of a process and of all that it started, also of those that have ended. */
export async function cpuSecondsOfTree(root: number): Promise<number | null> {
  const stats = await treeOf(root)
  if (stats.length === 0) return null
  return stats.reduce((sum, { own, ofEnded }) => sum + own + ofEnded, 0)
}

export async function pidsOfTree(root: number): Promise<number[]> {
  return (await treeOf(root)).map(({ pid }) => pid)
}

/** CPU seconds that the whole machine has been busy, all cores together. */
export async function busySecondsOfMachine(): Promise<number | null> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => null)
  const [, user, nice, system, , , irq, softirq] = text?.split('\n')[0]?.trim().split(/\s+/).map(Number) ?? []
  if (user === undefined) return null
  return (user + Number(nice) + Number(system) + Number(irq) + Number(softirq)) / ticksPerSecond
}

/** MiB of memory now (`VmRSS`) or at the most so far (`VmHWM`). */
export async function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) / 1024
}

async function treeOf(root: number): Promise<Stat[]> {
  const entries = await readdir('/proc').catch(() => [])
  const all = await Promise.all(entries.filter((name) => /^\d+$/.test(name)).map((name) => readStat(Number(name))))
  const stats = all.filter((stat) => stat !== null)
  // A server's processes are its children; none of them starts more.
  return stats.filter(({ pid, parent }) => pid === root || parent === root)
}

async function readStat(pid: number): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // proc(5): the second field is a name in brackets that may hold anything; the third follows its last one.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const seconds = (first: number) => (Number(fields[first - 3]) + Number(fields[first - 2])) / ticksPerSecond
  return { pid, parent: Number(fields[1]), own: seconds(14), ofEnded: seconds(16) }
}
