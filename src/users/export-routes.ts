// Everything that is stored about oneself, as a file.
import { Readable } from 'node:stream'
import type { FastifyPluginAsync } from 'fastify'
import { callerOf } from '../http/caller.js'
import { signedIn } from '../sessions/authenticate.js'
import type { UserExport } from './export.js'
import { exportAccount } from './export-schemas.js'
import { type Scopes, scoped } from './scopes.js'

export type ExportOptions = { scopes: Scopes; exportUser: UserExport }

export const exportRoutes: FastifyPluginAsync<ExportOptions> = async (app, { scopes, exportUser }) => {
  scopes.forSelfProven(app)

  app.get(
    '/export',
    {
      schema: {
        operationId: 'exportAccount',
        summary: 'Everything that is stored about oneself',
        ...scoped,
        ...exportAccount,
      },
    },
    async (request, reply) => {
      const pieces = await exportUser(signedIn(request).user.id, callerOf(request))
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', 'attachment; filename="account.json"')
        .send(Readable.from(pieces))
    },
  )
}
