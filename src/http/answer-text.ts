// What others answer us: texts that should be JSON, of which nothing is believed.

/** The members of a body, none where it is no JSON object. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}
