// Names as they are sorted and searched by.

/** Characters of a name key: all that its column holds. */
const maxKeyLength = 200

/**
 * The key of a name: compatibility forms, case and runs of spaces do not tell two names apart (Unicode 17, §3.11 NFKC). Made here
 * and not by the database, whose idea of upper and lower case depends on where it was installed.
 */
export function nameKey(name: string): string {
  const folded = name.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim()
  return [...folded].slice(0, maxKeyLength).join('')
}
