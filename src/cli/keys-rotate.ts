// How far a rotation is, and the settings of its next step (deploy/README.md): `latchkey keys rotate signing-key|pepper [--step NUMBER]`.
// It prints, and changes nothing: whoever rolls settings out does.
import { createPublicKey } from 'node:crypto'
import { wholeNumber } from '../config/command-line.js'
import { parseRotationSettings } from '../config/config.js'
import { createKeyRing } from '../sessions/keys.js'
import { defineCommand, type WorkContext } from './command.js'
import { keysRotate as declared } from './declarations.js'
import { newPepper, newSigningKey, publicKeyInOneWord } from './new-secrets.js'

export const keysRotateCommand = defineCommand(declared, rotate)

type Settings = ReturnType<typeof parseRotationSettings>

/** A step: what it is for, what to set in it, and what to keep for the next one. An empty value: leave the setting out. */
type Step = Readonly<{
  title: string
  settings: Readonly<Record<string, string>>
  keep?: Readonly<Record<string, string>>
}>

/** A rotation: whether one is under way by the settings of today, how to tell which step it is in, and the settings of each step. */
type Rotation = Readonly<{ isUnderWay: boolean; state: readonly string[]; steps: readonly (() => Step)[] }>

async function rotate({ words, values, environment, answer }: WorkContext<typeof declared.options>): Promise<number> {
  const number = values.step === undefined ? undefined : wholeNumber('--step', values.step, 1, 3)
  const settings = parseRotationSettings(environment)
  const { isUnderWay, state, steps } = words[0] === 'pepper' ? pepperRotation(settings) : signingKeyRotation(settings)
  const step = number === undefined ? undefined : steps[number - 1]
  if (step === undefined) {
    answer({ isUnderWay, state }, state)
    return 0
  }
  if ((number === 1) === isUnderWay) {
    throw new Error(
      isUnderWay
        ? 'A rotation is under way: end it with --step 3 first'
        : 'No rotation is under way: begin with --step 1',
    )
  }
  const { title, settings: printed, keep = {} } = step()
  answer({ step: number, settings: printed, keep }, [
    `# Step ${number}: ${title}`,
    ...Object.entries(printed).map(([name, value]) => (value === '' ? `# without ${name}` : `${name}=${value}`)),
    ...(Object.keys(keep).length > 0 ? ['# Keep for step 2, in a safe place:'] : []),
    ...Object.entries(keep).map(([name, value]) => `# ${name}=${value}`),
  ])
  return 0
}

function signingKeyRotation({ sessions }: Settings): Rotation {
  const { current, all } = createKeyRing(sessions.privateKey, sessions.previousPublicKeys)
  const others = all.slice(1).map(({ kid }) => kid)
  return {
    isUnderWay: others.length > 0,
    state: [
      `signs: ${current.kid}`,
      ...others.map((kid) => `accepted beside it: ${kid}`),
      others.length > 0
        ? 'A rotation is under way: in step 1 while the key that signs is the one from before, else in step 2'
        : 'No rotation is under way: --step 1 begins one',
    ],
    steps: [
      () => {
        const next = newSigningKey()
        return {
          title: 'every replica accepts tokens of the next key, and publishes it; wait five minutes before step 2',
          settings: { JWT_PREVIOUS_PUBLIC_KEYS: next.publicKey },
          keep: { JWT_PRIVATE_KEY: next.privateKey },
        }
      },
      () => ({
        title: 'sign with the next key, JWT_PRIVATE_KEY as step 1 printed it; wait SESSION_TTL before step 3',
        settings: { JWT_PREVIOUS_PUBLIC_KEYS: publicKeyInOneWord(createPublicKey(sessions.privateKey)) },
      }),
      () => ({ title: 'the key from before is not accepted any more', settings: { JWT_PREVIOUS_PUBLIC_KEYS: '' } }),
    ],
  }
}

function pepperRotation({ peppers: [current = '', previous], eventKey }: Settings): Rotation {
  const isUnderWay = previous !== undefined
  return {
    isUnderWay,
    state: [
      isUnderWay
        ? 'A rotation is under way: in step 1 while OTP_PEPPER is the one from before, else in step 2'
        : 'No rotation is under way: --step 1 begins one',
      ...(eventKey.isOwn ? [] : ['EVENT_KEY is not set: step 1 sets it to what OTP_PEPPER is now, for good']),
    ],
    steps: [
      () => ({
        title: 'every replica accepts codes of the next pepper',
        settings: { OTP_PEPPER_PREVIOUS: newPepper(), ...(!eventKey.isOwn && { EVENT_KEY: current }) },
      }),
      () => ({
        title: 'make codes under the next pepper; wait ten minutes before step 3',
        settings: { OTP_PEPPER: String(previous), OTP_PEPPER_PREVIOUS: current },
      }),
      () => ({ title: 'the pepper from before is not accepted any more', settings: { OTP_PEPPER_PREVIOUS: '' } }),
    ],
  }
}
