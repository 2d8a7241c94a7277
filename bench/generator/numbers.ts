// Mobile numbers of India for every purpose, each a range of 100 million of its own, all of them valid.

/** 10 digits, without +91 */
export type MobileNumber = string

/** First two digits: people with an account, and those that a workload makes up. */
const ranges = { user: '98', stranger: '99', newcomer: '97', guessed: '96' } as const

/** A prime: steps of it come to each user once before any comes twice, as long as their number is no multiple of it. */
const stride = 7_368_787

export function numberOf(purpose: keyof typeof ranges, index: number): MobileNumber {
  return `${ranges[purpose]}${String(index).padStart(8, '0')}`
}

/** The first number of those who have an account; the others follow it. */
export const firstUser = BigInt(`91${numberOf('user', 0)}`)

export function internationalOf(number: MobileNumber): string {
  return `+91${number}`
}

/**
 * Where somebody calls from, as a proxy would say: one of 10,000 addresses. From one address alone all requests would wait
 * for the row of its counter, which no load of real people does.
 */
export function addressOf(number: MobileNumber): string {
  const place = Number(number.slice(-4))
  return `10.20.${Math.floor(place / 100)}.${place % 100}`
}

/** Goes through the users in leaps, so that neighbours in time are no neighbours in the table. */
export function createRotation(users: number): () => MobileNumber {
  let turn = 0
  return () => {
    turn += 1
    return numberOf('user', (turn * stride) % users)
  }
}

/** Numbers that nobody has used, one after the other. */
export function createSupply(purpose: 'stranger' | 'newcomer' | 'guessed'): () => MobileNumber {
  let next = 0
  return () => {
    next += 1
    return numberOf(purpose, next)
  }
}
