// A user's id as authenticators keep it: its 16 bytes, which say nothing of the person (WebAuthn level 3, §14.6.1).

/** The bytes of a UUID. */
export function parseUuid(uuid: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(uuid.replaceAll('-', ''), 'hex'))
}

/** The UUID of 16 bytes, in lower case; some other text for any other number of them. */
export function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
