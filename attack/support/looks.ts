// What two answers could be told apart by.
import type { Answer } from './http.js'

/** Status, body and headers, but for the date and the request's id, which differ between any two. */
export function looks({ status, text, headers }: Answer): string {
  const { date, 'x-request-id': id, ...others } = headers
  return JSON.stringify([status, text, Object.keys(headers), others])
}
