// What a run was measured on, in words, for its report.
import { cpus, platform, release } from 'node:os'
import type { Databases } from './contestant-databases.js'
import type { Cores } from './cores.js'

/** Facts by name; a run adds its own. */
export type Machine = Readonly<Record<string, string | number>>

export function machineOf(cores: Cores, { version, sharedBuffers }: Databases): Machine {
  return {
    system: `${platform()} ${release()}, ${cpus()[0]?.model.trim()}`,
    cores: cores.description,
    'Node.js': process.version,
    PostgreSQL: `${version}, fsync and synchronous_commit on, shared_buffers ${sharedBuffers}`,
  }
}

export function textOfMachine(machine: Machine): string {
  return Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}
