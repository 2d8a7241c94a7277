// Names as they are sorted and searched by.

/** Characters of a name key: all that its column holds. */
const maxKeyLength = 200

/**
 * Without case (Unicode 17, §3.13.3): first to upper case, where an ß is SS and letters with an iota below them are two, then to lower
 * case, where an S at the end of a Greek word is another letter than within it; the beginning of a word has to be that of its key.
 * Letters i with and without a dot are one: who writes in another language than Turkish can't tell which one is meant.
 */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase().replaceAll('ς', 'σ').replaceAll('i\u0307', 'i').normalize('NFKC')
}

/**
 * The key of a name: compatibility forms, case and runs of spaces do not tell two names apart (Unicode 17, §3.11 NFKC). Made here
 * and not by the database, whose idea of upper and lower case depends on where it was installed.
 */
export function nameKey(name: string): string {
  const folded = foldCase(name.normalize('NFKC')).replace(/\s+/gu, ' ').trim()
  return [...folded].slice(0, maxKeyLength).join('')
}
