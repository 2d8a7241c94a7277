// Moves people in as docs/guides/moving.md says, and signs one of them in. The last line counts: `N passed, N failed`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, main, runToEnd, start, startService } from '../support.mjs'

const folder = await mkdtemp(join(tmpdir(), 'latchkey-moving-'))

await main(async () => {
  try {
    const service = await startService()
    const { token, email } = await service.signIn()
    await runToEnd('npm', ['run', '--silent', 'admin', '--', 'grant', email])
    const number = String(9_000_000_000 + (Date.now() % 900_000_000))
    const people = [
      { id: '17', phone: `+91${number}`, name: 'Asha' },
      { id: '18', phone: '+91123', name: 'Nobody' },
      { id: '19', email: `ravi${number}@example.com` },
    ]
    const file = join(folder, 'users.ndjson')
    await writeFile(file, people.map((person) => JSON.stringify(person)).join('\n'))

    const first = await importAll(service, token, file)
    const ids = first.lines.map((line) => JSON.parse(line))
    check('whoever can sign in has an account', String(ids.map(({ old }) => old)) === '17,19', first.said)
    check('and the one who cannot is told', first.code === 1 && /^18: /m.test(first.said), first.said)
    const again = await importAll(service, token, file)
    check('run again it makes nobody twice', String(again.lines) === String(first.lines), again.said)

    // As the apps that are out there go on calling it.
    const { otp } = await service.call('/api/auth/send-otp', { mobile_number: number, mode: 'login' })
    const answer = await service.call('/api/auth/verify-otp', { mobile_number: number, otp })
    const { success, isNewUser, user } = answer
    check('a person who moved signs in by the old calls', success && !isNewUser && user.id === ids[0]?.new, answer)
    check('with the old name', user.user_name === 'Asha' && user.mobile_number === number, user)
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function importAll(service, token, file) {
  const env = { AUTH_URL: service.url, TOKEN: token }
  const child = start(process.execPath, [join(import.meta.dirname, 'import.mjs'), file], { env })
  const code = await child.ended
  const said = child.said()
  return { code, said, lines: said.split('\n').filter((line) => line.startsWith('{')) }
}
