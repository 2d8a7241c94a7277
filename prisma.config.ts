// Settings of the Prisma CLI: `prisma generate`, and `prisma migrate` for those who prefer it to `latchkey migrate`.
import { defineConfig } from 'prisma/config'

// biome-ignore lint/style/noDefaultExport: Prisma asks for one
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Empty where unset: generating the client needs no database, and must not fail for want of one.
  datasource: { url: process.env['DIRECT_DATABASE_URL'] ?? process.env['DATABASE_URL'] ?? '' },
})
