// All groups of attacks, in the order in which they run: the last one searches what the others left behind.

import { authorization } from './authorization.js'
import { bodies } from './bodies.js'
import { browser } from './browser.js'
import { cost } from './cost.js'
import { enumeration } from './enumeration.js'
import { events } from './events.js'
import { guessing } from './guessing.js'
import { identifiers } from './identifiers.js'
import { passkeys } from './passkeys.js'
import { privacy } from './privacy.js'
import { proxies } from './proxies.js'
import { races } from './races.js'
import { receipts } from './receipts.js'
import { returns } from './returns.js'
import { signup } from './signup.js'
import { standards } from './standards.js'
import type { Group } from './support/context.js'
import { tokens } from './tokens.js'
import { lanes } from './trusted-devices.js'

export const groups: readonly Group[] = [
  guessing,
  races,
  signup,
  identifiers,
  cost,
  enumeration,
  proxies,
  tokens,
  browser,
  bodies,
  lanes,
  authorization,
  receipts,
  returns,
  passkeys,
  events,
  standards,
  privacy,
]
