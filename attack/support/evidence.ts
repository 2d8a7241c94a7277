// What the run leaves behind for the last group: every secret that was handed out, everything that was printed or answered.
const secrets = new Map<string, Set<string>>()
const printed: { source: string; text: () => string }[] = []
const errorBodies = new Set<string>()
const urls = new Set<string>()

export type SecretKind = 'code' | 'token' | 'ticket' | 'device' | 'identifier' | 'setting'

/** Remembers a value that must appear in no log line, no error body and no URL. */
export function remember(kind: SecretKind, value: string | undefined): void {
  if (!value) return
  const values = secrets.get(kind) ?? new Set()
  secrets.set(kind, values.add(value))
}

export function rememberOutput(source: string, text: () => string): void {
  printed.push({ source, text })
}

export function rememberErrorBody(text: string): void {
  errorBodies.add(text)
}

export function rememberUrl(url: string): void {
  urls.add(url)
}

export const secretsOf = (kind: SecretKind): string[] => [...(secrets.get(kind) ?? [])]
export const printedSoFar = (): string => printed.map(({ text }) => text()).join('\n')
export const errorBodiesSoFar = (): string => [...errorBodies].join('\n')
export const urlsSoFar = (): string => [...urls].join('\n')

/**
 * The secrets that stand in a text, as `kind: first characters`. A code is looked for as a number of its own, since six digits
 * stand in every UUID; everything else wherever it stands.
 */
export function leaksIn(text: string): string[] {
  const numbers = new Set(text.match(/(?<![0-9A-Za-z.-])[0-9]{6}(?![0-9A-Za-z.-])/g) ?? [])
  const codes = secretsOf('code').filter((code) => numbers.has(code))
  const others = (['token', 'ticket', 'device', 'setting'] as const).flatMap((kind) =>
    secretsOf(kind)
      .filter((value) => text.includes(value))
      .map((value) => `${kind}: ${value.slice(0, 12)}…`),
  )
  return [...codes.map((code) => `code: ${code}`), ...others, ...identifiersIn(text)]
}

/** Thousands of identifiers in megabytes: what looks like one is looked up, in place of looking for each. */
function identifiersIn(text: string): string[] {
  const known = secrets.get('identifier') ?? new Set()
  const emails = (text.match(/[\w.+-]+@[\w.-]+\w/g) ?? []).map((email) => email.toLowerCase())
  const windows = (text.match(/[0-9]{10,}/g) ?? []).flatMap((digits) =>
    Array.from({ length: digits.length - 9 }, (_, start) => digits.slice(start, start + 10)),
  )
  const found = [...emails, ...windows].filter((value) => known.has(value) || known.has(`+91${value}`))
  return [...new Set(found)].map((value) => `identifier: ${value}`)
}
