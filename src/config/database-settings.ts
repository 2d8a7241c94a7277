// The settings of the database: how it is reached, and whether the server migrates it.

import { isSchemaName, schemaOf, withSchema } from './connection-string.js'
import { parseUrl } from './formats.js'
import type { Mode, SettingReader } from './reader.js'

export function parseDatabase(read: SettingReader, mode: Mode) {
  const isPostgres = (value: string) => ['postgres:', 'postgresql:'].includes(parseUrl(value)?.protocol ?? '')
  const url = read.required('DATABASE_URL', mode === 'development' ? '(npm run dev sets it)' : '')
  const directUrl = read.text('DIRECT_DATABASE_URL') ?? url
  if (url && !isPostgres(url)) read.report('DATABASE_URL', 'must be a postgresql:// URL')
  if (directUrl !== url && !isPostgres(directUrl)) read.report('DIRECT_DATABASE_URL', 'must be a postgresql:// URL')
  const [schema, directSchema] = [schemaOf(url), schemaOf(directUrl)]
  if (schema !== null && !isSchemaName(schema))
    read.report('DATABASE_URL', 'must name a schema of 1 to 63 bytes, without quotes and not beginning with pg_')
  if (schema !== null && directSchema !== null && schema !== directSchema) {
    read.report('DIRECT_DATABASE_URL', 'must name the schema that DATABASE_URL names')
  }
  // Whichever names it, all that is done with the database is done there.
  return {
    url: withSchema(url, directSchema),
    directUrl: withSchema(directUrl, schema),
    poolSize: read.integer('DATABASE_POOL_SIZE', 10, { minimum: 1, maximum: 1000 }),
    namedStatements: read.flag('DATABASE_NAMED_STATEMENTS', true),
    migrateOnBoot: read.flag('MIGRATE_ON_BOOT', mode === 'development'),
  }
}
