// The settings of the database: how it is reached, and whether the server migrates it.

import { isSchemaName, schemaOf, withSchema } from './connection-string.js'
import { parseUrl } from './formats.js'
import type { SettingReader } from './reader.js'

export function parseDatabase(read: SettingReader) {
  const isPostgres = (value: string) => ['postgres:', 'postgresql:'].includes(parseUrl(value)?.protocol ?? '')
  const url = read.required('DATABASE_URL', read.mode === 'development' ? '(npm run dev sets it)' : '')
  const directUrl = read.text('DIRECT_DATABASE_URL') ?? url
  if (url && !isPostgres(url)) read.refuse('DATABASE_URL')
  if (directUrl !== url && !isPostgres(directUrl)) read.refuse('DIRECT_DATABASE_URL')
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
    poolSize: read.integer('DATABASE_POOL_SIZE'),
    namedStatements: read.flag('DATABASE_NAMED_STATEMENTS'),
    migrateOnBoot: read.flag('MIGRATE_ON_BOOT'),
  }
}
