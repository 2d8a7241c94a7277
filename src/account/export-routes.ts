// Everything that is stored about oneself, as a file.
import { Readable } from 'node:stream'
import type { FastifyPluginAsync } from 'fastify'
import { clientOf } from '../http/client.js'
import { signedIn } from '../sessions/authenticate.js'
import { type Policies, underPolicy } from '../users/policies.js'
import type { AccountExport } from './export.js'
import { exportAccount } from './export-schemas.js'

export type ExportOptions = { policies: Policies; accountExport: AccountExport }

export const exportRoutes: FastifyPluginAsync<ExportOptions> = async (app, { policies, accountExport }) => {
  policies.forSelfProven(app)

  app.get(
    '/export',
    {
      schema: {
        operationId: 'exportAccount',
        summary: 'Everything that is stored about oneself',
        description: 'In the names of the database, as a file. Asks for a recent proof: see `stepUp`.',
        ...underPolicy,
        ...exportAccount,
      },
    },
    async (request, reply) => {
      const pieces = await accountExport.open(signedIn(request).user.id, clientOf(request))
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', 'attachment; filename="account.json"')
        .send(Readable.from(pieces))
    },
  )
}
