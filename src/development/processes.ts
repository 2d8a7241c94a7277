// What the development tools need to know about other processes.
import { type ChildProcess, execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Whether a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The arguments of a process joined by spaces, empty for one that ended; undefined where the system doesn't tell. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    if (process.platform === 'win32') return undefined
    return (await execute('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).stdout
  } catch {
    return ''
  }
}

/** Waits until the child ends; resolves to its exit code, or 128 plus the signal's number. Rejects if it can't start. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}

/** Sends a signal to a child that was started as the leader of its own process group, and to all that it started. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    // Windows has no groups.
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal)
  } catch {
    // It has ended.
  }
}
