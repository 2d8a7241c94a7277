// Devices: where somebody was signed in before, known by a token that only the device keeps.
import { hash, randomBytes } from 'node:crypto'
import { newId } from '../database/ids.js'

/** Seconds that a device is remembered after it was last signed in on: 180 days. */
export const deviceTimeToLive = 180 * 86_400

/** Devices of one user; the one that was used longest ago gives way. */
export const maxDevices = 10

/** A device as its row names it. */
export type DeviceValues = Readonly<{ newDeviceId: string; newDeviceHash: Uint8Array<ArrayBuffer> }>

/** A device about to be remembered: its token goes to the client, its digest into the database. */
export function draftDevice(): DeviceValues & Readonly<{ token: string }> {
  const token = randomBytes(32).toString('base64url')
  return { newDeviceId: newId(), newDeviceHash: hashOf(token), token }
}

/** SHA-256 is enough for 256 random bits. */
function hashOf(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash('sha256', token, 'buffer'))
}

/** What a device is found by that the client says it is on; null, which finds none, where it says nothing. */
export function deviceHashOf({ deviceToken }: Readonly<{ deviceToken: string | undefined }>) {
  return deviceToken === undefined ? null : hashOf(deviceToken)
}
