// Mobile numbers of India, all of them valid. Whatever a number is for, it lies anywhere between 90000 00000 and 99999 99999:
// a number that is new finds its place in an index among all the others, as in life, and not at its end.

/** 10 digits, without +91 */
export type MobileNumber = string

/** Last digit: people with an account, those that a workload makes up, and whom a recording signs up. */
const endings = { user: 8, stranger: 9, newcomer: 7, guessed: 6, recorded: 5 } as const

/** Numbers for each purpose. */
const numbers = 100_000_000

/** A prime: steps of it come to each user once before any comes twice, as long as their number is no multiple of it. */
const stride = 7_368_787

/** Also a prime: as many addresses as people call from. */
const addresses = 9_973

export function numberOf(purpose: keyof typeof endings, index: number): MobileNumber {
  return `9${String(index).padStart(8, '0')}${endings[purpose]}`
}

/** The first number of those who have an account. */
export const firstUser = BigInt(`91${numberOf('user', 0)}`)

/** From the index of one of so many users to the next one's: they lie evenly among all numbers. */
function stepOf(users: number): number {
  return Math.floor(numbers / users)
}

/** From the number of one of so many users to the next one's. */
export function distanceOf(users: number): number {
  return stepOf(users) * 10
}

export function internationalOf(number: MobileNumber): string {
  return `+91${number}`
}

/**
 * Where somebody calls from, as a proxy would say: one of nearly 10,000 addresses. From one address alone all requests would wait
 * for the row of its counter, which no load of real people does.
 */
export function addressOf(number: MobileNumber): string {
  const place = Number(number) % addresses
  return `10.20.${Math.floor(place / 100)}.${place % 100}`
}

/** Goes through the users in leaps, so that neighbours in time are no neighbours in the table. */
export function createRotation(users: number): () => MobileNumber {
  const step = stepOf(users)
  let turn = 0
  return () => {
    turn += 1
    return numberOf('user', ((turn * stride) % users) * step)
  }
}

/** Numbers that nobody has used, in leaps as well. */
export function createSupply(purpose: Exclude<keyof typeof endings, 'user'>): () => MobileNumber {
  let next = 0
  return () => {
    next += 1
    return numberOf(purpose, (next * stride) % numbers)
  }
}
