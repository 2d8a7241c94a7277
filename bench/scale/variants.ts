// What the service is measured in: sizes of its pool, replicas, and commits that wait for the disk or do not.
import type { Workload } from '../protocol.js'

export type Variant = Readonly<{
  name: string
  /** connections of each replica to the database */
  pool: number
  replicas: number
  /** whether a commit waits for the disk */
  synchronous: boolean
  workloads: readonly Workload[]
}>

/** What capacity is worked out from. */
export const measuredWorkloads = ['send', 'login', 'signup', 'wrong', 'me'] as const satisfies readonly Workload[]

/** The service as its settings are by default: what the others are compared with, and what is measured for capacity. */
export const base: Variant = {
  name: 'pool 10',
  pool: 10,
  replicas: 1,
  synchronous: true,
  workloads: measuredWorkloads,
}

/** Its database knows nothing but logins, so that rows and bytes in it are those of logins. */
export const loginsAlone: Variant = { ...base, name: 'pool 20', pool: 20, workloads: ['login'] }

export const variants: readonly Variant[] = [
  base,
  { ...base, name: 'pool 2', pool: 2, workloads: ['send', 'login', 'me'] },
  { ...base, name: 'pool 5', pool: 5, workloads: ['login'] },
  loginsAlone,
  { ...base, name: 'pool 40', pool: 40, workloads: ['send', 'login', 'me'] },
  { ...base, name: '2 replicas, pool 10 each', replicas: 2, workloads: ['login', 'me'] },
  { ...base, name: 'pool 2, commits do not wait', pool: 2, synchronous: false, workloads: ['send', 'login'] },
  { ...base, name: 'pool 10, commits do not wait', synchronous: false, workloads: ['send', 'login'] },
  { ...base, name: 'pool 40, commits do not wait', pool: 40, synchronous: false, workloads: ['send', 'login'] },
]
