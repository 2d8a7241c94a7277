// `latchkey messages`: every message as it would be sent.
import t from 'tap'
import { runCommand } from '../support/command.js'

async function run(words: string[], environment: Record<string, string> = {}) {
  const { output, ...rest } = await runCommand(['messages', ...words], { environment })
  return { ...rest, output: output.join('\n') }
}

t.test('all languages, or those that are named', async (t) => {
  const all = await run([])
  t.match([all.code, all.output.match(/^=== /gm)?.length], [0, 21])
  const some = await run(['ta', 'en'], { APP_NAME: 'Acme', OTP_LENGTH: '8', WEBOTP_DOMAIN: 'login.example.com' })
  t.match(
    some.output,
    /^=== ta\n--- SMS \(sign_in\): \d+ units of UCS-2, segments: 1\n12345678 .*Acme.*\n@login\.example\.com #12345678\n/,
  )
  t.match(some.output, /=== en\n--- SMS \(sign_in\): \d+ septets of GSM-7, segments: 1\n12345678 is your Acme code/)
  t.match(some.output, /--- Email \(sign_in\): 12345678 is your Acme code\nYour Acme code is: 12345678\n/)
  t.match(some.output, /--- SMS \(step_up\): \d+ .*\n12345678 is your Acme code to confirm it is you/)
  t.match(some.output, /--- Email \(change_identifier\): 12345678 is your Acme code to change your sign-in details\n/)
  t.match(some.output, /--- Notice of a change\nAcme: your sign-in details were changed\./)
})

t.test('what cannot be shown is told', async (t) => {
  t.match(await run(['xx']), { code: 2, output: '', errors: [/^There are no messages in xx, only in ar, bn/] })
  t.match(await run([], { APP_NAME: 'a\nb' }), { code: 1, output: '', errors: [/^APP_NAME must be/] })
})
