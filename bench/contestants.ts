// Who is measured: how each is started, which API it speaks, what its database has to say about a window.
import { betterAuthEvidence, type Evidence, latchkeyEvidence } from './evidence.js'
import type { DialectName, Workload } from './protocol.js'

export type SchemaName = 'latchkey' | 'better-auth'

export type Contestant = Readonly<{
  name: string
  dialect: DialectName
  /** of the project's folder; plain JavaScript, so that nothing but Node.js runs it */
  program: string
  /** null where it needs no database */
  schema: SchemaName | null
  /** null where it has none */
  evidence: Evidence | null
  /** answers 200 once it can serve */
  readyPath: string
  workloads: readonly Workload[]
}>

const all: readonly Workload[] = ['send', 'login', 'signup', 'wrong', 'me', 'mix']

/** The service as built. */
export const latchkey: Contestant = {
  name: 'latchkey',
  dialect: 'latchkey',
  program: 'dist/server.js',
  schema: 'latchkey',
  evidence: latchkeyEvidence,
  readyPath: '/health/ready',
  workloads: all,
}

export const contestants: readonly Contestant[] = [
  latchkey,
  {
    name: 'better-auth mounted',
    dialect: 'better-auth',
    program: 'bench/servers/better-auth-mounted.mjs',
    schema: 'better-auth',
    evidence: betterAuthEvidence,
    readyPath: '/ready',
    workloads: all,
  },
  {
    name: 'better-auth api',
    dialect: 'better-auth',
    program: 'bench/servers/better-auth-api.mjs',
    schema: 'better-auth',
    evidence: betterAuthEvidence,
    readyPath: '/ready',
    workloads: all,
  },
  {
    name: 'ceiling',
    dialect: 'latchkey',
    program: 'bench/servers/ceiling.mjs',
    schema: 'latchkey',
    evidence: latchkeyEvidence,
    readyPath: '/ready',
    workloads: all,
  },
  {
    name: 'bare',
    dialect: 'better-auth',
    program: 'bench/servers/bare.mjs',
    schema: 'better-auth',
    evidence: betterAuthEvidence,
    readyPath: '/ready',
    workloads: all,
  },
  {
    name: 'hello',
    dialect: 'hello',
    program: 'bench/servers/hello.mjs',
    schema: null,
    evidence: null,
    readyPath: '/',
    workloads: ['hello'],
  },
]
