type Facts = Readonly<Record<string, unknown>>

/** A code as the database keeps it. */
type StoredCode = Readonly<{ codeSeed: Uint8Array; codeHash: Uint8Array }>

/** Identifiers are in E.164, addresses are IPs, request ids UUIDs. */
export function createFacts(pepper: string): Readonly<{
  draft: (identifier: string) => StoredCode
  codeOf: (identifier: string, stored: StoredCode) => string | null
  hashOf: (identifier: string, code: string) => Uint8Array
  ofSend: (identifier: string, stored: StoredCode, address: string, requestId: string) => Facts
  ofVerify: (identifier: string, code: string, address: string, requestId: string) => Facts
}>
