// The answer of the export.
import { type TSchema, Type } from '@sinclair/typebox'
import { errorResponses, NullableText, OneOf, one, signedInErrors } from '../http/responses.js'
import { AddressSchema } from '../users/address.js'
import { UserSchema } from '../users/user.js'

const [user] = UserSchema.examples
const [address] = AddressSchema.examples
const Id = Type.String({ format: 'uuid' })
const Time = Type.String({ format: 'date-time' })
const MaybeTime = NullableText({ format: 'date-time' })
const MaybeText = NullableText()
const Count = Type.Integer()
const time = '2026-11-22T09:00:00.000Z'
const times = { created_at: time, updated_at: time }

/** Everything that is in a section, in the names of the database. */
const listOf = (title: string, members: Record<string, TSchema>, description: string) =>
  Type.Array(Type.Object(members, { title }), { description })

const data = Type.Object(
  {
    exported_at: Time,
    user: Type.Object(
      {
        id: Id,
        user_name: MaybeText,
        phone: MaybeText,
        phone_verified_at: MaybeTime,
        email: MaybeText,
        email_verified_at: MaybeTime,
        role: OneOf(['USER', 'ADMIN']),
        locale: MaybeText,
        disabled_at: MaybeTime,
        phone_used_at: Time,
        email_used_at: Time,
        leaving: MaybeText,
        leaving_since: MaybeTime,
        created_at: Time,
        updated_at: Time,
      },
      { title: 'ExportedUser' },
    ),
    public_metadata: Type.Object(
      {},
      { title: 'ExportedMetadata', additionalProperties: true, description: 'What the product keeps with the user' },
    ),
    addresses: listOf(
      'ExportedAddress',
      { ...AddressSchema.properties, created_at: Time, updated_at: Time },
      'Addresses',
    ),
    sessions: listOf(
      'ExportedSession',
      {
        id: Id,
        device: MaybeText,
        network: MaybeText,
        created_at: Time,
        last_seen_at: Time,
        proved_at: Time,
        expires_at: Time,
        restricted_until: MaybeTime,
      },
      'Where the user is signed in',
    ),
    passkeys: listOf(
      'ExportedPasskey',
      {
        id: Id,
        name: Type.String(),
        transports: Type.Array(Type.String()),
        device_type: OneOf(['single_device', 'multi_device']),
        backed_up: Type.Boolean(),
        aaguid: Type.String({ format: 'uuid', description: 'The model of what keeps it' }),
        created_at: Time,
        last_used_at: MaybeTime,
      },
      'Passkeys; not their keys',
    ),
    devices: listOf(
      'ExportedDevice',
      { id: Id, created_at: Time, last_used_at: Time, expires_at: Time, restricted_until: MaybeTime },
      'Devices that are known',
    ),
    codes: listOf(
      'ExportedCode',
      {
        identifier: Type.String(),
        purpose: OneOf(['sign_in', 'step_up', 'change_identifier']),
        on_device: Type.Boolean({ description: 'Counted for a known device, not for everybody' }),
        expires_at: Time,
        consumed_at: MaybeTime,
        attempts: Count,
        resend_at: Time,
        failures_started_at: MaybeTime,
        failures: Count,
      },
      'Codes sent to the user’s phone and email, and the counts of them; not the codes',
    ),
    sends: listOf(
      'ExportedSends',
      {
        identifier: Type.String(),
        hour_started_at: Time,
        hour_sends: Count,
        day_started_at: Time,
        day_sends: Count,
        trusted_started_at: MaybeTime,
        trusted_sends: Count,
        refused_started_at: MaybeTime,
        refused_sends: Count,
        counted_at: MaybeTime,
      },
      'How many messages the user’s phone and email were sent, in windows of an hour and a day',
    ),
    signup_tickets: listOf(
      'ExportedSignupTicket',
      { phone: Type.String(), created_at: Time, expires_at: Time },
      'Proofs for a signup',
    ),
    recycle_tickets: listOf(
      'ExportedRecycleTicket',
      { identifier: Type.String(), created_at: Time, expires_at: Time },
      'Proofs of one identifier where the other one is asked for too',
    ),
    events: listOf(
      'ExportedEvent',
      {
        happened_at: Time,
        event: Type.String(),
        detail: MaybeText,
        network: MaybeText,
        request_id: MaybeText,
        by: OneOf(['user', 'admin'], {
          description: 'Who did it; of an admin neither `network` nor `request_id` is told',
        }),
        channel: MaybeText,
        country: MaybeText,
        driver: MaybeText,
        message_id: MaybeText,
      },
      'What happened to the user, by the user, and at the user’s proven phone and email',
    ),
  },
  { title: 'AccountExport' },
)

const example = {
  exported_at: '2026-11-22T09:05:00.000Z',
  user: {
    id: user?.id,
    user_name: 'Asha Rao',
    phone: '+919876543210',
    phone_verified_at: time,
    email: null,
    email_verified_at: null,
    role: 'USER',
    locale: 'en',
    disabled_at: null,
    phone_used_at: time,
    email_used_at: time,
    leaving: null,
    leaving_since: null,
    ...times,
  },
  public_metadata: {},
  addresses: [{ ...address, ...times }],
  sessions: [
    {
      id: '01976b9e-8a40-7c3b-9d1f-2f6f0c1a7e55',
      device: 'Chrome on Android',
      network: '192.0.2.0/24',
      created_at: time,
      last_seen_at: time,
      proved_at: time,
      expires_at: '2026-11-29T09:00:00.000Z',
      restricted_until: null,
    },
  ],
  passkeys: [],
  devices: [],
  codes: [],
  sends: [],
  signup_tickets: [],
  recycle_tickets: [],
  events: [
    {
      happened_at: time,
      event: 'authn_login_success',
      detail: null,
      network: '192.0.2.0/24',
      request_id: '0197a1b2-1111-7222-8333-444455556666',
      by: 'user',
      channel: null,
      country: null,
      driver: null,
      message_id: null,
    },
  ],
}

export const exportAccount = {
  response: {
    200: one(data, 'All of it, as a file', example),
    ...errorResponses('step_up_required', ...signedInErrors),
  },
}
