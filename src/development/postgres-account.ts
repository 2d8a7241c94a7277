// The OS user that PostgreSQL runs as: the server refuses to run as root.
import { execFile } from 'node:child_process'
import { parse } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const user = 'postgres'

export type Account = { uid: number; gid: number }

// Debian's and Red Hat's tools, then BusyBox's. The group may exist already: what counts is the user at the end.
const creations = [
  [
    ['groupadd', '--system', user],
    ['useradd', '--system', '--gid', user, '--no-create-home', '--shell', '/usr/sbin/nologin', user],
  ],
  [
    ['addgroup', '-S', user],
    ['adduser', '-S', '-D', '-H', '-G', user, user],
  ],
]

/** The user `postgres` when we are root, created if missing; undefined when the server can run as we do. */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const existing = await findAccount()
  if (existing) return existing
  for (const commands of creations) {
    for (const [command = '', ...args] of commands) await execute(command, args).catch(() => undefined)
    const created = await findAccount()
    if (created) return created
  }
  throw new Error(`PostgreSQL can't run as root, and the OS user "${user}" could not be created; set DATABASE_URL`)
}

/** Runs a program as the account, in a folder it can surely enter. Rejects if it can't start or its code isn't 0. */
export async function runAs(account: Account | undefined, program: string, args: string[]): Promise<string> {
  const { stdout } = await execute(program, args, placement(account))
  return stdout
}

/** Where and as whom a child runs: our own working folder may be one that the account can't enter. */
export function placement(account: Account | undefined) {
  return { ...account, cwd: parse(process.execPath).root, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }
}

/** Whether the account can enter the folder: all of its parents count, so only trying tells. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  return runAs(account, '/bin/sh', ['-c', 'cd "$1"', 'sh', folder]).then(
    () => true,
    () => false,
  )
}

async function findAccount(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([execute('id', ['-u', user]), execute('id', ['-g', user])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}
