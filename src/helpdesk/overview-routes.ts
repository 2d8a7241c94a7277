// How the service as a whole does, for admins: /operations.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { errorResponses, NullableText, OneOf, one, writingErrors } from '../http/responses.js'
import { closed, errorLine } from '../http/validation.js'
import { Reason } from '../users/administration-schemas.js'
import { type Policies, requestActorOf, underPolicy } from '../users/policies.js'
import { readReason } from '../users/reason.js'
import { adminErrors } from './common-schemas.js'
import type { Overview } from './overview.js'

export type OverviewRouteOptions = { policies: Policies; overview: Overview }

const operations = { ...underPolicy, tags: ['Operations'] }
const moment = '2026-11-22T09:00:00.000Z'

const MessageNumbers = Type.Object(
  {
    channel: Type.String({ description: '`sms` or `email`' }),
    country: NullableText({ description: 'Of SMS, ISO 3166-1 alpha-2' }),
    driver: NullableText({ description: 'null where no driver took them' }),
    sent: Type.Integer({ description: 'Taken by the driver' }),
    delivered: Type.Integer({ description: 'As the provider told' }),
    failed: Type.Integer(),
    verified: Type.Integer({ description: 'Followed by a sign-in within ten minutes' }),
    cost: Type.Unsafe<number | null>({
      type: ['number', 'null'],
      description: 'Of those sent; null where `MESSAGE_COSTS` does not say what one costs',
    }),
  },
  { title: 'MessageNumbers' },
)

const numbersExample = {
  hours: 24,
  currency: 'INR',
  messages: [
    { channel: 'sms', country: 'IN', driver: 'twilio', sent: 120, delivered: 117, failed: 3, verified: 101, cost: 24 },
  ],
}

const readNumbers = {
  querystring: Type.Object(
    {
      hours: Type.Optional(
        OneOf(['1', '24', '168'], {
          description: 'The last hour, day or week, the current hour included; 24 where not given',
          examples: ['24'],
          [errorLine]: 'hours must be 1, 24 or 168',
        }),
      ),
    },
    closed,
  ),
  response: {
    200: one(
      Type.Object(
        {
          hours: Type.Integer(),
          currency: NullableText({ description: 'ISO 4217; null where no prices are set' }),
          messages: Type.Array(MessageNumbers, { description: 'Those of most messages first' }),
        },
        { title: 'Numbers' },
      ),
      'At most five seconds old',
      numbersExample,
    ),
    ...errorResponses(...adminErrors),
  },
}

const Budget = Type.Object(
  {
    name: Type.String({
      description:
        '`sms:new`: SMS to numbers that nobody verified before; `…:solved`: what a solved challenge opens on top',
    }),
    window: OneOf(['hour', 'day'], { description: 'Of the clock, in UTC' }),
    used: Type.Integer({ description: 'With what replicas have set aside' }),
    limit: Type.Integer(),
    ends_at: Type.String({ format: 'date-time' }),
    advice: OneOf(['fine', 'nearly_used_up', 'used_up'], { description: 'Nearly: from four fifths on' }),
  },
  { title: 'BudgetUse' },
)

const readBlocks = {
  response: {
    200: one(
      Type.Object(
        {
          budgets: Type.Array(Budget),
          countries: Type.Array(
            Type.Object(
              { country: Type.String(), closed_until: Type.String({ format: 'date-time' }) },
              { title: 'ClosedCountry' },
            ),
            { description: 'Closed to new numbers, since too few of those before were verified' },
          ),
          drivers: Type.Array(
            Type.Object(
              {
                channel: Type.String(),
                driver: Type.String(),
                state: OneOf(['closed', 'open', 'half_open'], {
                  description: '`open`: it failed so often that it rests',
                }),
              },
              { title: 'DriverState' },
            ),
            { description: 'As the replica that answers sees them' },
          ),
        },
        { title: 'Blocks' },
      ),
      'What refuses people, or is going to',
      {
        budgets: [{ name: 'sms:new', window: 'hour', used: 640, limit: 1000, ends_at: moment, advice: 'fine' }],
        countries: [{ country: 'IN', closed_until: moment }],
        drivers: [{ channel: 'sms', driver: 'twilio', state: 'closed' }],
      },
    ),
    ...errorResponses(...adminErrors),
  },
}

const openCountry = {
  params: Type.Object(
    {
      country: Type.String({
        pattern: '^[A-Z]{2}$',
        description: 'ISO 3166-1 alpha-2',
        examples: ['IN'],
        [errorLine]: 'country must be two capital letters (ISO 3166-1 alpha-2)',
      }),
    },
    closed,
  ),
  body: Type.Object(
    { reason: Reason },
    { title: 'OpenCountryRequest', ...closed, examples: [{ reason: 'Our campaign of today, no attack' }] },
  ),
  response: {
    200: one(Type.Object({ country: Type.String() }, { title: 'OpenedCountry' }), 'New numbers get codes again', {
      country: 'IN',
    }),
    ...errorResponses('not_found', ...adminErrors, ...writingErrors),
  },
}

export const overviewRoutes: FastifyPluginAsyncTypebox<OverviewRouteOptions> = async (app, { policies, overview }) => {
  policies.forAdminsProven(app)

  app.get(
    '/numbers',
    {
      schema: {
        operationId: 'readNumbers',
        summary: 'What became of messages, and what they cost',
        description: 'For admins soon after they proved that it is them.',
        ...operations,
        ...readNumbers,
      },
    },
    async ({ query }) => {
      const hours = Number(query.hours ?? 24)
      const { rows: messages, currency } = await overview.numbers(hours)
      return { success: true, data: { hours, currency, messages } } as const
    },
  )

  app.get(
    '/blocks',
    {
      schema: {
        operationId: 'readBlocks',
        summary: 'Budgets, closed countries, resting drivers',
        description: 'For admins soon after they proved that it is them.',
        ...operations,
        ...readBlocks,
      },
    },
    async () => {
      const { budgets, countries, drivers } = await overview.blocks()
      const data = {
        budgets: budgets.map(({ endsAt, ...budget }) => ({ ...budget, ends_at: endsAt.toISOString() })),
        countries: countries.map(({ country, closedUntil }) => ({ country, closed_until: closedUntil.toISOString() })),
        drivers: [...drivers],
      }
      return { success: true, data } as const
    },
  )

  app.post(
    '/countries/:country/open',
    {
      schema: {
        operationId: 'openCountry',
        summary: 'Open a country to new numbers again',
        description:
          'For admins soon after they proved that it is them. What was sent there before counts no more towards closing it, but for the last five minutes.',
        ...operations,
        ...openCountry,
      },
    },
    async (request) => {
      const { country } = request.params
      await overview.openCountry(country, readReason(request.body.reason), requestActorOf(request))
      return { success: true, data: { country } } as const
    },
  )
}
