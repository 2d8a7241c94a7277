// What has to be there before a run: the build of the service, the libraries that only the benchmark needs, tables.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeOf } from '../../src/development/processes.js'

export async function buildService(projectDirectory: string): Promise<void> {
  await npm(projectDirectory, ['run', '--silent', 'build'], 'the build failed')
}

/** Installs what `bench/package-lock.json` says, unless it is there already. */
export async function installPeers(projectDirectory: string, tell: (line: string) => void): Promise<void> {
  const folder = join(projectDirectory, 'bench')
  if (existsSync(join(folder, 'node_modules', 'better-auth'))) return
  tell('installing what only the benchmark needs: npm ci in bench/')
  await npm(folder, ['ci', '--no-fund', '--no-audit', '--silent'], 'npm ci in bench/ failed')
}

async function npm(folder: string, args: readonly string[], failure: string): Promise<void> {
  // Its output is no part of ours, which may be JSON.
  const code = await exitCodeOf(spawn('npm', [...args], { cwd: folder, stdio: ['ignore', 2, 2] }))
  if (code !== 0) throw new Error(failure)
}

/** Runs a contestant's own program for that on a database. */
export async function makeTables(program: readonly string[], databaseUrl: string): Promise<void> {
  const child = spawn(process.execPath, program, {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_SIZE: '1',
      OTP_PEPPER: 'a secret that nothing is signed with yet',
      PORT: '0',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if ((await exitCodeOf(child)) !== 0) throw new Error(`${program[0]} failed`)
}
