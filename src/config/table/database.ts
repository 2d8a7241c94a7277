// The rows of the database: how it is reached, and whether the server migrates it.
import { inDevelopment, type Setting } from './setting.js'

export const databaseRows = {
  DATABASE_URL: {
    type: 'text',
    secret: 'within',
    required: 'in production',
    rule: 'must be a postgresql:// URL',
    example: 'postgresql://latchkey:password@127.0.0.1:5432/latchkey',
    about:
      "Where the database is (PostgreSQL 15 and later); deploy/compose/setup.sh makes it for compose.yaml. The tables are where the role's search_path finds them, or in the schema that ?schema=name names.",
  },
  DATABASE_URL_SECRET: {
    type: 'text',
    readBy: 'compose.yaml',
    example: 'pooled_database_url',
    about:
      'The file of secrets/ that DATABASE_URL comes from: database_url unless set, or pooled_database_url, which leads through PgBouncer. deploy/compose/setup.sh writes it.',
    see: 'docs/compose.md',
  },
  DIRECT_DATABASE_URL: {
    type: 'text',
    secret: 'within',
    defaultOf: 'DATABASE_URL',
    rule: 'must be a postgresql:// URL',
    about:
      'For migrations, where DATABASE_URL leads through PgBouncer or names a role that may not change tables. It also says that DATABASE_URL leads through a pooler.',
    see: 'deploy/README.md',
  },
  DATABASE_POOL_SIZE: {
    type: 'integer',
    default: 10,
    minimum: 1,
    maximum: 1000,
    about: 'Connections of one replica; one of them is shared by all reads of sessions.',
    see: 'docs/scaling.md',
  },
  DATABASE_NAMED_STATEMENTS: {
    type: 'flag',
    default: true,
    about:
      'Off behind a PgBouncer older than 1.21 in transaction mode; where that is found out, it is as if it were off.',
  },
  MIGRATE_ON_BOOT: {
    type: 'flag',
    default: inDevelopment(true, false),
    about: 'Whether migrations are applied before listening. Safe with many replicas at once.',
  },
} as const satisfies Record<string, Setting>
