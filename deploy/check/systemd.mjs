// The units of deploy/systemd, by systemd itself and by the settings that they name. Without systemd nothing is asked of it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, skip } from './report.mjs'

/** Of 10, where 0 is no exposure at all; what is left of it is the network, and code that Node.js writes at run time. */
const mostExposure = 1.5
/** What the scripts of deploy/backup read, beside settings of the service. */
const ofBackups = ['BACKUP_DIR']

/** @param {URL} root the project's folder @param {Set<string>} settings names of the service's settings */
export function checkUnits(root, settings) {
  const folder = new URL('deploy/systemd/', root)
  const units = readdirSync(folder)
    .filter((name) => /\.(?:service|timer)$/.test(name))
    .sort()
  const texts = new Map(units.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]))

  for (const [name, text] of texts) {
    const variables = [...text.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line]) =>
      line.split(' ').map((one) => one.split('=')),
    )
    const loaded = [...text.matchAll(/^LoadCredential=(\w+):/gm)].map(([, credential]) => credential)
    check(`${name}: each variable is a setting, and each file a credential`, [
      ...variables.map(([key]) => !settings.has(key.replace(/_FILE$/, '')) && !ofBackups.includes(key) && key),
      ...variables.map(([, value]) => value.startsWith('%d/') && !loaded.includes(value.slice(3)) && value),
      ...loaded.map(
        (credential) => !variables.some(([, value]) => value === `%d/${credential}`) && `${credential} is not used`,
      ),
    ])
  }

  // A dependency that fails ends the start for good, and Restart= does not hear of it; the service itself waits for its database.
  check('no unit is given up where another fails at first', [
    ...[...texts].flatMap(([name, text]) =>
      [...text.matchAll(/^(?:Requires|Requisite|BindsTo)=.*$/gm)].map(([line]) => `${name}: ${line}`),
    ),
    !/^Restart=on-failure$/m.test(texts.get('latchkey-migrate.service')) && 'migrations are not tried again',
  ])

  const work = mkdtempSync(join(tmpdir(), 'latchkey-units-'))
  // Units divide their lines at spaces, which the path of the project may have.
  const place = join(work, 'latchkey')
  symlinkSync(fileURLToPath(root), place)
  try {
    // Where it is built, and the Node.js that is here.
    const here = (text) => text.replaceAll('/opt/latchkey', place).replaceAll('/usr/bin/node', process.execPath)
    for (const [name, text] of texts) writeFileSync(join(work, name), here(text))
    const analyze = (...words) => spawnSync('systemd-analyze', words, { encoding: 'utf8', cwd: work })
    const verified = analyze('verify', '--man=no', ...units.map((name) => `./${name}`))
    if (verified.error) return skip('systemd-analyze verify and security')
    check('systemd-analyze verify', [verified.status !== 0 && verified.stderr, ...verified.stderr.split('\n')])
    for (const name of units.filter((unit) => unit.endsWith('.service'))) {
      const { status, stdout, stderr } = analyze(
        'security',
        '--offline=true',
        `--threshold=${mostExposure * 10}`,
        `./${name}`,
      )
      check(`${name}: exposed to ${/level for \S+: ([\d.]+)/.exec(stdout)?.[1]} of 10 at most`, [
        status !== 0 && (stdout || stderr),
      ])
    }
  } finally {
    rmSync(work, { recursive: true })
  }
}
