import type { LatchkeyError } from '@latchkey/client'

/** By name: an application may have the client's code twice, and then two classes of errors. */
export const isLatchkeyError = (error: unknown): error is LatchkeyError =>
  error instanceof Error && error.name === 'LatchkeyError'
