// The settings of the database: how it is reached, and whether the server migrates it.

import { parseUrl } from './formats.js'
import type { Mode, SettingReader } from './reader.js'

export function parseDatabase(read: SettingReader, mode: Mode) {
  const isPostgres = (value: string) => ['postgres:', 'postgresql:'].includes(parseUrl(value)?.protocol ?? '')
  const url = read.required('DATABASE_URL', mode === 'development' ? '(npm run dev sets it)' : '')
  const directUrl = read.text('DIRECT_DATABASE_URL') ?? url
  if (url && !isPostgres(url)) read.report('DATABASE_URL', 'must be a postgresql:// URL')
  if (directUrl !== url && !isPostgres(directUrl)) read.report('DIRECT_DATABASE_URL', 'must be a postgresql:// URL')
  return {
    url,
    directUrl,
    poolSize: read.integer('DATABASE_POOL_SIZE', 10, { minimum: 1, maximum: 1000 }),
    namedStatements: read.flag('DATABASE_NAMED_STATEMENTS', true),
    migrateOnBoot: read.flag('MIGRATE_ON_BOOT', mode === 'development'),
  }
}
