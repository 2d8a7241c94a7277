// People who do not exist, for development and measuring: the same ones for the same seed.
import { v7 as uuid } from 'uuid'
import { nameKey } from '../users/name.js'

export type SeedUser = Readonly<{
  id: string
  userName: string | null
  nameKey: string
  /** E.164 */
  phone: string | null
  email: string | null
  createdAt: Date
  address: SeedAddress | null
}>

export type SeedAddress = Readonly<{
  id: string
  houseNumber: string
  streetLocality: string
  city: string
  state: string
  pincode: string
}>

const firstNames =
  'Aarav Aditi Aisha Ananya Arjun Asha Deepak Divya Élodie Farhan Gita Harish Ishaan Jyoti Kabir Kavya Lakshmi Meera Neha Nikhil Ojas Pooja Priya Rahul Ravi Rohan Sana Sneha Tara Uday Vikram Yash Zara Zoë अर्जुन 小龍'.split(
    ' ',
  )
const lastNames =
  'Agarwal Bose Chopra Das Desai Fernandes Gupta Iyer Jain Kapoor Khan Kulkarni Mehta Menon Nair Patel Pillai Rao Reddy Roy Sen Sharma Shetty Singh Thomas Varma Verma Yadav'.split(
    ' ',
  )
const streets =
  'MG Road,Station Road,Park Street,Church Street,Lake View Road,Gandhi Nagar,Indiranagar 12th Main'.split(',')
const cities: readonly (readonly [city: string, state: string, pincode: number])[] = [
  ['Bengaluru', 'Karnataka', 560_001],
  ['Mumbai', 'Maharashtra', 400_001],
  ['Chennai', 'Tamil Nadu', 600_001],
  ['Kolkata', 'West Bengal', 700_001],
  ['Kochi', 'Kerala', 682_001],
  ['Pune', 'Maharashtra', 411_001],
]

/** Indian mobile numbers begin with 6 to 9. */
const numbers = { first: 6_000_000_000, count: 4_000_000_000 }
/** Shares no factor with the count of numbers, so that steps of it meet each number once. */
const step = 1_618_033_989
/** When the last of them came; three years before, the first did. */
const end = Date.UTC(2026, 0, 1)
const years = 3 * 365 * 86_400_000

/** The users of a seed, one by one. */
export function* seedUsers(count: number, seed: number): Generator<SeedUser> {
  const random = createRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <Item>(items: readonly Item[]) => items[below(items.length)] as Item
  const firstNumber = below(numbers.count)
  const newId = (time: number) => uuid({ msecs: time, random: Uint8Array.from({ length: 16 }, () => below(256)) })

  for (let index = 0; index < count; index += 1) {
    const time = end - years + Math.floor((years * index) / count)
    const [first, last] = [pick(firstNames), pick(lastNames)]
    // One in ten has no phone, one in twenty has not said a name; four in ten have an email.
    const hasPhone = random() < 0.9
    const hasEmail = !hasPhone || random() < 1 / 3
    const userName = random() < 0.95 ? `${first} ${last}` : null
    const [city, state, pincode] = pick(cities)
    yield {
      id: newId(time),
      userName,
      nameKey: nameKey(userName ?? ''),
      phone: hasPhone ? `+91${numbers.first + ((firstNumber + index * step) % numbers.count)}` : null,
      email: hasEmail ? `${pick(lastNames)}.${seed}.${index}@example.com`.toLowerCase() : null,
      createdAt: new Date(time),
      address:
        userName !== null && hasPhone
          ? {
              id: newId(time),
              houseNumber: String(1 + below(400)),
              streetLocality: pick(streets),
              city,
              state,
              pincode: String(pincode + below(90)),
            }
          : null,
    }
  }
}

/** Numbers from 0 to below 1, the same ones for the same seed: a linear congruential generator (Numerical Recipes, §7.1). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
