// What an attack is, what it is handed, and the recorder that keeps what came back.
import { isDeepStrictEqual } from 'node:util'
import type { Fixtures, Service } from './fixtures.js'
import { createFlow, type Flow, type FlowName } from './flows.js'
import type { Answer } from './http.js'
import type { Settings } from './process.js'

export type Attack = {
  id: string
  /** what is tried, in a few words */
  tried: string
  /** once for each of these; once in all where there is none */
  flows?: readonly FlowName[]
  /** of the service it runs against */
  settings?: Settings
  /** what the build must have, or the attack is skipped: settings, routes (`POST /users`), words of the OpenAPI document */
  needs?: { settings?: readonly string[]; routes?: readonly string[]; words?: readonly string[] }
  run: (context: AttackContext) => Promise<void>
}

export type Group = { letter: string; title: string; attacks: readonly Attack[] }

export type AttackContext = {
  fixtures: Fixtures
  service: Service
  /** the flow under attack; the mobile one where the attack names none */
  flow: Flow
  /** keeps a fact for the table */
  note: (fact: string) => void
  /** records that the service did not hold unless the condition is true */
  expect: (condition: boolean, otherwise: string) => void
  /** keeps what was got, and records a failure where it is something else than wanted */
  equal: (label: string, got: unknown, wanted: unknown) => void
  /** keeps `status code × count` of answers, and records a failure where one is not among those allowed or is a 5xx */
  allOf: (label: string, answers: readonly Answer[], allowed: readonly (number | string)[]) => void
  /** ends the attack as skipped */
  skip: (reason: string) => never
}

export type Verdict = 'held' | 'NOT HELD' | 'skipped'
export type Result = { id: string; flow: string; tried: string; back: string; verdict: Verdict }

export const bothFlows: readonly FlowName[] = ['mobile', 'phone', 'email']

/** An attack on every flow, with phone and email. */
export function onEachFlow(id: string, tried: string, run: Attack['run']): Attack {
  return { id, tried, flows: bothFlows, run }
}

class Skipped extends Error {}

export const named = ({ status, code }: Answer): string => (code === '' ? String(status) : `${status} ${code}`)

/** `401 otp_invalid ×49, 200 ×1` */
export function tally(answers: readonly Answer[]): string {
  const counts = new Map<string, number>()
  for (const answer of answers) counts.set(named(answer), (counts.get(named(answer)) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`)).join(', ')
}

/** What the attack asks for that the build does not have, or undefined. */
function missingFor({ needs = {} }: Attack, { build }: Fixtures): string | undefined {
  const setting = needs.settings?.find((name) => !build.settings.has(name))
  if (setting) return `${setting} is not a setting of this build`
  const route = needs.routes?.find((name) => !build.routes.has(name))
  if (route) return `${route} is not a route of this build`
  const word = needs.words?.find((name) => !build.document.includes(name))
  return word && `${word} is nowhere in this build's OpenAPI document`
}

export async function runAttack(attack: Attack, flowName: FlowName | undefined, fixtures: Fixtures): Promise<Result> {
  const facts: string[] = []
  const failures: string[] = []
  const result = (verdict: Verdict, back: string): Result => ({
    id: attack.id,
    flow: flowName ?? '',
    tried: attack.tried,
    back,
    verdict,
  })
  const expect: AttackContext['expect'] = (condition, otherwise) => {
    if (!condition) failures.push(otherwise)
  }
  const skip = (reason: string): never => {
    throw new Skipped(reason)
  }
  const missing = missingFor(attack, fixtures)
  if (missing) return result('skipped', missing)
  try {
    const service = await fixtures.service(attack.settings)
    await attack.run({
      fixtures,
      service,
      flow: createFlow(flowName ?? 'mobile', service),
      note: (fact) => void facts.push(fact),
      expect,
      equal(label, got, wanted) {
        facts.push(`${label} ${brief(got)}`)
        expect(isDeepStrictEqual(got, wanted), `${label} should be ${brief(wanted)}`)
      },
      allOf(label, answers, allowed) {
        facts.push(`${label}: ${tally(answers)}`)
        const outside = answers.filter(
          (answer) => !allowed.some((one) => one === answer.status || one === answer.code || one === named(answer)),
        )
        expect(outside.length === 0, `${label}: only ${allowed.join(', ')} expected, got ${tally(outside)}`)
      },
      skip,
    })
  } catch (error) {
    if (error instanceof Skipped) return result('skipped', error.message)
    failures.push(`broke off: ${Object(error).message}`)
  }
  const back = facts.join('; ')
  if (failures.length === 0) return result('held', back)
  return result('NOT HELD', `${failures.join('; ')}${back && ` (${back})`}`)
}

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value))
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}
