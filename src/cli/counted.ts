// How many of something, as people read it.

/** `1,000,000` */
export const inEnglish = (number: number): string => number.toLocaleString('en')

/**
 * `1 row`, `2,000 rows`: a count in English with what is counted.
 * @param one the word for one
 * @param many the word for any other count, where it is not that with an s
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${inEnglish(count)} ${count === 1 ? one : many}`
}
