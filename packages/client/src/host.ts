// What the client uses of its surroundings where it is there: a browser has all of it, Node.js and React Native some. No types of the
// DOM are asked for, so that projects without them compile.

type Locks = {
  request<Result>(name: string, options: { signal: AbortSignal }, task: () => Promise<Result>): Promise<Result>
}

export type Channel = {
  onmessage: ((event: { data: unknown }) => void) | null
  postMessage(message: unknown): void
  close(): void
  /** of Node.js, where an open channel keeps the process alive */
  unref?(): void
}

type Host = {
  navigator?: {
    onLine?: boolean
    locks?: Locks
    credentials?: { get(options: object): Promise<unknown> }
  }
  BroadcastChannel?: new (name: string) => Channel
  OTPCredential?: unknown
}

export const host = globalThis as unknown as Host
