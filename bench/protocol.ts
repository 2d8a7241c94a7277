// What the run and the load generator, a process of its own, say to each other.

export const workloads = ['send', 'login', 'signup', 'wrong', 'me', 'mix', 'visit', 'hello'] as const
export type Workload = (typeof workloads)[number]

/** Which API a server speaks. */
export type DialectName = 'latchkey' | 'better-auth' | 'hello'

/** Calls that were answered rightly. A login counts as a send too, and so does a signup. */
export type Tally = Readonly<{ sends: number; logins: number; signups: number; wrongs: number; mes: number }>

/** Somebody with a session: what `me` shows, and the number that it belongs to. */
export type SignedIn = Readonly<{ number: string; credential: string }>

export type Command =
  | Readonly<{
      kind: 'open'
      contestant: string
      dialect: DialectName
      /** of each replica; connections are dealt out to them in turn */
      urls: readonly string[]
      connections: number
      users: number
      /** whom `me` goes around in; without them it signs in a few before each window */
      signedIn?: readonly SignedIn[]
    }>
  /** everything that has to be there before the window opens; `window` is its length in seconds */
  | Readonly<{ kind: 'prepare'; contestant: string; workload: Workload; seconds: number; window: number }>
  /** the window: as fast as the connections allow, or at `rate` operations a second whatever comes back */
  | Readonly<{
      kind: 'measure'
      contestant: string
      workload: Workload
      seconds: number
      rate?: number
      /** whether to tell each operation's time */
      timeline?: boolean
    }>
  /** ends a window at a fixed rate before its time; has no reply of its own */
  | Readonly<{ kind: 'enough' }>

export type Measurement = Readonly<{
  operations: number
  seconds: number
  /** of the generator, the gateway included */
  generatorCpuSeconds: number
  /** milliseconds */
  latency: Readonly<{ p50: number; p95: number; p99: number }>
  tally: Tally
  timeline?: Timeline
}>

/** Operations in the order of their ends. */
export type Timeline = Readonly<{
  /** milliseconds since the epoch, when each was due */
  due: readonly number[]
  /** milliseconds that each took from then on */
  times: readonly number[]
}>

/** The first message says where the gateway is; then one for each command, in order. */
export type Reply =
  | Readonly<{ kind: 'started'; gatewayUrl: string }>
  | Readonly<{ kind: 'done' }>
  | Readonly<{ kind: 'measured'; measurement: Measurement }>
  | Readonly<{ kind: 'failed'; reason: string }>
