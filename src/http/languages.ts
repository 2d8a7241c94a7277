// The languages that a request asks for.
import type { IncomingHttpHeaders } from 'node:http'
import Negotiator from 'negotiator'

/** More than these are nobody's; the rest of a made-up header is work for nothing. */
const maxLanguages = 10

/**
 * Tags in place of names of locales: `hi_IN` as Android writes it, `hi_IN.UTF-8` as POSIX does, and `zh_TW_#Hant` as Java does, with
 * the script behind the region.
 */
function asTags(asked: string): string {
  return asked
    .replace(/(?<=[A-Za-z])[.@][\w-]+/g, '')
    .replace(/_#?/g, '-')
    .replace(/\b([A-Za-z]{2,3})-([A-Za-z]{2})-([A-Za-z]{4})\b/g, '$1-$3-$2')
}

/** BCP 47 tags in canonical form, the most wanted first (RFC 9110 §12.5.4), without `*` and whatever is no tag. */
export function requestedLanguages(headers: IncomingHttpHeaders): string[] {
  // The negotiator would say `*`, which is no tag, and finding that out is not cheap.
  const asked = headers['accept-language']
  if (asked === undefined) return []
  return new Negotiator({ headers: { 'accept-language': asTags(asked) } })
    .languages()
    .slice(0, maxLanguages)
    .flatMap(canonical)
}

function canonical(tag: string): string[] {
  try {
    return Intl.getCanonicalLocales(tag)
  } catch {
    return []
  }
}
