// Makes better-auth's tables, by its own programmatic migrations.
import { getMigrations } from 'better-auth/db/migration'
import { options, pool } from './better-auth.mjs'

const { runMigrations } = await getMigrations(options)
await runMigrations()
await pool.end()
