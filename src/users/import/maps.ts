// The systems whose exports are read.
import type { PeerMap } from './draft.js'
import { auth0 } from './maps/auth0.js'
import { betterAuth } from './maps/better-auth.js'
import { clerk } from './maps/clerk.js'
import { firebase } from './maps/firebase.js'
import { latchkey } from './maps/latchkey.js'
import { supabase } from './maps/supabase.js'

/** The service's own export: what is read where no map is named. */
export const ownMap = latchkey

const maps: readonly PeerMap[] = [latchkey, supabase, auth0, betterAuth, firebase, clerk]

/** Undefined where none has that name. */
export function mapNamed(name: string): PeerMap | undefined {
  return maps.find((map) => map.name === name)
}

export const mapsThatRead = (record: Readonly<Record<string, unknown>>) => maps.filter(({ isUser }) => isUser(record))
