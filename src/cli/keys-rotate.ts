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

/** A rotation: how far one is by the settings of today, how to tell which step it is in, and the settings of each step. */
type Rotation = Readonly<{
  isUnderWay: boolean
  /** one of the two settings of step 2 is set, and the other is not */
  isHalfDone: boolean
  state: readonly string[]
  steps: readonly (() => Step)[]
}>

async function rotate({ words, values, environment, answer }: WorkContext<typeof declared.options>): Promise<number> {
  const number = values.step === undefined ? undefined : wholeNumber('--step', values.step, 1, 3)
  const settings = parseRotationSettings(environment)
  const rotation = words[0] === 'pepper' ? pepperRotation(settings) : signingKeyRotation(settings)
  const { isUnderWay, isHalfDone, state, steps } = rotation
  const step = number === undefined ? undefined : steps[number - 1]
  if (step === undefined) {
    answer({ isUnderWay, isHalfDone, state }, state)
    return isHalfDone ? 1 : 0
  }
  if (isHalfDone) throw new Error(state.join(' '))
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

type Words = Readonly<{
  current: string
  previous: string
  isFirst: string
  wait: readonly [step1: string, step2: string]
}>

const signingKeyWords: Words = {
  current: 'JWT_PRIVATE_KEY',
  previous: 'JWT_PREVIOUS_PUBLIC_KEYS',
  isFirst: 'the key that signs is the one from before',
  wait: ['five minutes after the last replica has it', 'SESSION_TTL after the last replica has it'],
}
const pepperWords: Words = {
  current: 'OTP_PEPPER',
  previous: 'OTP_PEPPER_PREVIOUS',
  isFirst: 'OTP_PEPPER is the one from before',
  wait: ['when the last replica has it', 'ten minutes after the last replica has it'],
}

/** Of the two steps the settings look the same: who rolled them out knows which of the two is new. */
function stateOf({ isUnderWay, isHalfDone }: Pick<Rotation, 'isUnderWay' | 'isHalfDone'>, words: Words): string[] {
  const { current, previous, isFirst, wait } = words
  if (isHalfDone)
    return [
      `Step 2 is half done: ${current} and ${previous} name the same one, and what the other one made is refused.`,
      `Set both at once: ${current} to the next one, which step 1 printed, and ${previous} to what --step 2 printed; run it again with the settings of step 1 where that is lost.`,
    ]
  if (!isUnderWay) return ['No rotation is under way: --step 1 begins one']
  return [
    `A rotation is under way. If ${isFirst}, step 1 is done: next is --step 2, ${wait[0]}.`,
    `If it is the next one, which step 1 printed, step 2 is done: next is --step 3, ${wait[1]}.`,
  ]
}

function signingKeyRotation({ sessions }: Settings): Rotation {
  const { current, all } = createKeyRing(sessions.privateKey, sessions.previousPublicKeys)
  const others = all.slice(1).map(({ kid }) => kid)
  // The ring leaves out the one that signs.
  const isHalfDone = others.length < sessions.previousPublicKeys.length
  const isUnderWay = isHalfDone || others.length > 0
  return {
    isUnderWay,
    isHalfDone,
    state: [
      `signs: ${current.kid}`,
      ...others.map((kid) => `accepted beside it: ${kid}`),
      ...stateOf({ isUnderWay, isHalfDone }, signingKeyWords),
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
  const isHalfDone = previous === current
  return {
    isUnderWay,
    isHalfDone,
    state: [
      ...stateOf({ isUnderWay, isHalfDone }, pepperWords),
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
