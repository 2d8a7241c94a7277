// Which of our languages somebody gets.

/** Finds the one of our languages that somebody gets; undefined where it is none of them. */
export type LanguageFinder = (asked: readonly string[]) => string | undefined

/**
 * The finder of the first of the languages asked for (well-formed BCP 47, the most wanted first) that is among ours. It is found
 * by leaving subtags off from the end (RFC 4647 §3.4, "lookup"), but never in another script: who reads `zh-TW` reads Hant, which
 * `zh` is not, and `pa-PK` is not read in the letters of `pa`.
 */
export function createLanguageFinder(ours: Iterable<string>): LanguageFinder {
  // Of ours alone: what is asked for has no end of spellings, and nothing of it is kept.
  const scripts = new Map([...ours].map((tag) => [tag, new Intl.Locale(tag).maximize().script]))

  return function findLanguage(asked) {
    for (const tag of asked) {
      const locale = new Intl.Locale(tag)
      const { language, script, region } = locale.maximize()
      const candidates = [
        locale.baseName,
        `${language}-${script}-${region}`,
        `${language}-${region}`,
        `${language}-${script}`,
        language,
      ]
      const found = candidates.find((candidate) => scripts.has(candidate) && scripts.get(candidate) === script)
      if (found !== undefined) return found
    }
    return undefined
  }
}
