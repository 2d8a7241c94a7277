// Identifiers with too little left to be somebody's, for lines that people read.

/** `+91******3210`, `a***@example.com`. */
export function maskIdentifier(identifier: string): string {
  const at = identifier.lastIndexOf('@')
  if (at > 0) return `${identifier.slice(0, 1)}***${identifier.slice(at)}`
  return `${identifier.slice(0, 3)}${'*'.repeat(identifier.length - 7)}${identifier.slice(-4)}`
}
