// What a run was measured on, in words, for its report.
import { cpus, platform, release, totalmem } from 'node:os'
import type { Databases } from './contestant-databases.js'
import type { Cores } from './cores.js'

/** Facts by name; a run adds its own. */
export type Machine = Readonly<Record<string, string | number>>

export function machineOf(cores: Cores, { version }: Databases): Machine {
  return {
    system: `${platform()} ${release()}, ${cpus()[0]?.model.trim()}`,
    cores: cores.description,
    'Node.js': process.version,
    PostgreSQL: `${version}, fsync and synchronous_commit on`,
  }
}

/** For tables larger than a benchmark's: a quarter of the memory, which PostgreSQL's documentation begins with for a server. */
export const largeBuffers = `${Math.floor(Math.min(totalmem(), process.constrainedMemory() || totalmem()) / 4 / 2 ** 20)}MB`

export function textOfMachine(machine: Machine): string {
  return Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}
