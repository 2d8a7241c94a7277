// The languages that a request asks for.
import type { IncomingHttpHeaders } from 'node:http'
import Negotiator from 'negotiator'

/** More than these are nobody's; the rest of a made-up header is work for nothing. */
const maxLanguages = 10

/** BCP 47 tags in canonical form, the most wanted first (RFC 9110 §12.5.4), without `*` and whatever is no tag. */
export function requestedLanguages(headers: IncomingHttpHeaders): string[] {
  // The negotiator would say `*`, which is no tag, and finding that out is not cheap.
  if (headers['accept-language'] === undefined) return []
  return new Negotiator({ headers }).languages().slice(0, maxLanguages).flatMap(canonical)
}

function canonical(tag: string): string[] {
  try {
    return Intl.getCanonicalLocales(tag)
  } catch {
    return []
  }
}
