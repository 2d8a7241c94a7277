// What orval's calls go through: its own fetch knows no address.

/** Set by the one who drives. */
export const service = { url: '' }

export async function callService<Answer>(path: string, options: RequestInit): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, options)
  const text = await response.text()
  const data: unknown = text === '' ? undefined : JSON.parse(text)
  return { data, status: response.status, headers: response.headers } as Answer
}
