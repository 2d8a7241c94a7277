// Which of our languages somebody gets.

/**
 * The first of the languages asked for (well-formed BCP 47, the most wanted first) that is among ours; undefined if none is.
 * It is found by leaving subtags off from the end (RFC 4647 §3.4, "lookup"), but never in another script: who reads `zh-TW`
 * reads Hant, which `zh` is not, and `pa-PK` is not read in the letters of `pa`.
 */
export function findLanguage(asked: readonly string[], ours: ReadonlySet<string>): string | undefined {
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
    const found = candidates.find((candidate) => ours.has(candidate) && scriptOf(candidate) === script)
    if (found !== undefined) return found
  }
  return undefined
}

/** ISO 15924 */
function scriptOf(tag: string): string | undefined {
  return new Intl.Locale(tag).maximize().script
}
