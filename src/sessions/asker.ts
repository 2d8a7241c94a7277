// Who asks, as far as services have to know.

/** Somebody signed in, and the session in which they ask (both UUIDv7). */
export type Asker = Readonly<{ userId: string; sessionId: string }>
