// Typos in the names of settings are told, and nobody else's variables are taken for one.
import t from 'tap'
import { lineOfMisspelled, misspelledSettings } from '../../src/config/misspelled.js'
import { settingNames } from '../../src/config/table/table.js'
import { runCommand } from '../support/command.js'

const meantBy = (name: string) => misspelledSettings({ [name]: 'x' }).map(({ meant }) => meant)

t.test('a letter or two, another case, the end of a name', async (t) => {
  for (const [name, meant] of Object.entries({
    OTP_LENGHT: 'OTP_LENGTH',
    otp_length: 'OTP_LENGTH',
    REDIS_URI: 'REDIS_URL',
    DATABASE_URI: 'DATABASE_URL',
    SMS_DRIVER: 'SMS_DRIVERS',
    CORS_ORIGIN: 'CORS_ORIGINS',
    NODE_EVN: 'NODE_ENV',
    CHANNEL: 'CHANNELS',
    DATABASE_POOL: 'DATABASE_POOL_SIZE',
    SMTP_URL_FLIE: 'SMTP_URL_FILE',
    JWT_PRIVATEKEY_FILE: 'JWT_PRIVATE_KEY_FILE',
  })) {
    t.strictSame(meantBy(name), [meant])
  }
  t.strictSame(misspelledSettings({ OTP_LENGHT: '7', OTP_LENGTH: '7' }), [], 'where the right one is set, too')
  t.equal(
    lineOfMisspelled({ name: 'REDIS_URI', meant: 'REDIS_URL' }),
    'REDIS_URI is no setting; did you mean REDIS_URL?',
  )
})

t.test('what everybody has, and what other programs read', async (t) => {
  const others = `HOME PATH PWD USER SHELL SHLVL LOGNAME HOSTNAME HOSTTYPE TERM LANG EDITOR PORTS APP_HOME APP_MODE DATABASE_NAME
    DATABASE_HOST DATABASE_PORT DATABASE_USER SMTP_HOST SMTP_PORT REDIS_HOST REDIS_PORT JWT_SECRET JWT_KEY LOG_FILE METRICS_PORT
    POSTGRES_PASSWORD POSTGRES_USER npm_config_cache KUBERNETES_SERVICE_HOST AWS_REGION NODE_OPTIONS NODE_VERSION`
  for (const name of others.split(/\s+/)) t.strictSame(meantBy(name), [], name)
  for (const name of settingNames) {
    t.strictSame([meantBy(name), meantBy(`${name}_FILE`)], [[], []], name)
  }
})

t.test('the doctor tells them, and never a value', async (t) => {
  const { code, output } = await runCommand(['doctor'], { environment: { OTP_LENGHT: 'secret-word' } })
  t.equal(code, 1)
  t.match(output.join('\n'), /warning +settings +OTP_LENGHT is no setting; did you mean OTP_LENGTH\?/)
  t.notMatch(output.join('\n'), /secret-word/)
})
