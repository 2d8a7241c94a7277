// Unlocking somebody's identifiers: they may be sent codes and guess again, once a day for each. The live code dies, so that nobody gets
// more guesses at one code than it takes; and nobody unlocks themselves, or a stolen session of an admin would be worth more guesses.
import { identifierHash } from '../audit/events.js'
import { Problem } from '../errors.js'
import type { Prisma } from '../generated/prisma/client.js'
import type { Act, RequestActor } from '../users/acting.js'
import { lockCodes, lockLimits } from '../users/locks.js'
import { lastUnlock, unlockDetail } from './records.js'

export type Method = 'phone' | 'email'

export type UnlockRequest = Readonly<{
  /** the user */
  id: string
  /** one line, for the trail */
  reason: string
  /** both where it is left out */
  method?: Method | undefined
}>

/** Milliseconds between two of one identifier. */
const pause = 86_400_000

export class Unlock {
  readonly #act: Act
  readonly #eventKey: string

  constructor({ act, eventKey }: { act: Act; eventKey: string }) {
    this.#act = act
    this.#eventKey = eventKey
  }

  /**
   * Gives the sends and guesses of a user's identifiers back. What addresses, networks and budgets have counted stays.
   * @returns the identifiers that were unlocked
   * @throws Problem `not_found`, `rate_limited` where all were within the last 24 hours, `forbidden` for oneself; those of `act`
   */
  unlock({ id, reason, method }: UnlockRequest, actor: RequestActor): Promise<Method[]> {
    if (actor.userId === id) throw new Problem('forbidden', { errors: ['Another admin has to unlock your account'] })
    const demands = {
      target: id,
      isForAdmins: true,
      lockBefore: async (transaction: Prisma.TransactionClient) => {
        for (const lock of [lockLimits, lockCodes]) await transaction.$queryRaw(lock(id))
      },
    }
    return this.#act(actor, demands, async ({ transaction, users, now, record }) => {
      const user = users.get(id)
      if (user === undefined) throw new Problem('not_found')
      const asked = (['phone', 'email'] as const).filter((each) => user[each] !== null && each === (method ?? each))
      if (asked.length === 0) throw new Problem('not_found', { errors: [`The account has no ${method}`] })

      const unlocked: Method[] = []
      const waits: number[] = []
      for (const each of asked) {
        const identifier = String(user[each])
        const hash = identifierHash(this.#eventKey, identifier)
        const last = await lastUnlock(transaction, { hash, method: each, now: now.getTime() })
        const wait = last === null ? 0 : last.getTime() + pause - now.getTime()
        if (wait > 0) {
          waits.push(wait)
          continue
        }
        await giveBack(transaction, identifier, now)
        await record({
          event: 'authz_admin',
          userId: id,
          identifierHash: hash,
          detail: `${unlockDetail(each)}${reason}`,
        })
        unlocked.push(each)
      }
      if (unlocked.length > 0) return unlocked
      throw new Problem('rate_limited', {
        errors: ['Unlocked within the last 24 hours already'],
        retryAfter: Math.max(1, Math.ceil(Math.min(...waits) / 1000)),
      })
    })
  }
}

async function giveBack(transaction: Prisma.TransactionClient, identifier: string, now: Date): Promise<void> {
  await transaction.identifierLimit.updateMany({
    where: { identifier },
    data: { hourSends: 0, daySends: 0, trustedSends: 0, refusedSends: 0 },
  })
  await transaction.otp.updateMany({
    where: { identifier },
    // As after a success: the next send begins anew, without a wait.
    data: {
      ...{ codeHash: null, codeSeed: null, codeMadeAt: null, consumedAt: now },
      ...{ failures: 0, failuresStartedAt: null },
    },
  })
}
