// A passkey as the API shows it.
import { type Static, Type } from '@sinclair/typebox'
import { OneOf } from '../http/responses.js'

export const PasskeySchema = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'UUIDv7' }),
    name: Type.String({ description: 'As its user calls it' }),
    device_type: OneOf(['single_device', 'multi_device'], {
      description: '`multi_device`: it may be synchronised to further devices of its user',
    }),
    backed_up: Type.Boolean({ description: 'Whether it is: then a lost device does not lose it' }),
    created_at: Type.String({ format: 'date-time' }),
    last_used_at: Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time' }),
  },
  {
    $id: 'Passkey',
    description: 'A passkey of a user',
    examples: [
      {
        id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a13',
        name: 'Chrome on Android',
        device_type: 'multi_device',
        backed_up: true,
        created_at: '2026-11-22T09:00:00.000Z',
        last_used_at: null,
      },
    ],
  },
)
type StoredPasskey = Readonly<{
  id: string
  name: string
  deviceType: 'single_device' | 'multi_device'
  backedUp: boolean
  createdAt: Date
  lastUsedAt: Date | null
}>

export function serializePasskey(passkey: StoredPasskey): Static<typeof PasskeySchema> {
  return {
    id: passkey.id,
    name: passkey.name,
    device_type: passkey.deviceType,
    backed_up: passkey.backedUp,
    created_at: passkey.createdAt.toISOString(),
    last_used_at: passkey.lastUsedAt?.toISOString() ?? null,
  }
}
