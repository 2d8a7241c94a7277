// All groups of attacks, in the order in which they run: the last one searches what the others left behind.
import { guessing } from './guessing.js'
import { races } from './races.js'
import { signup } from './signup.js'
import type { Group } from './support/scene.js'

export const groups: readonly Group[] = [guessing, races, signup]
