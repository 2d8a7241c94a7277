// What a client is, in a few words for its user: "Chrome on Android". Browsers' own header is a fingerprint and is not kept.
import Bowser from 'bowser'

/** Characters of the header that are looked at: browsers need fewer, and reading takes as long as the text. */
const mostRead = 255

/** What a name is made of: the header is whatever a client wrote, and the words are shown to a person. */
const plainName = /^[A-Za-z][\w .&+-]{0,39}$/

/** Browser and system, or the name of an app, or null. Versions change every month and would tell more than is needed. */
export function clientName(userAgent: string | undefined): string | null {
  const header = userAgent?.slice(0, mostRead).trim()
  if (!header) return null
  const parser = Bowser.getParser(header, true)
  const [browser, system] = [parser.getBrowserName(), parser.getOSName()].map((name) => name.replace(/ for .*/, ''))
  const name = [browser, /^[^/\s]*/.exec(header)?.[0]].find((text) => text && plainName.test(text))
  if (name === undefined) return null
  return system ? `${name} on ${system}` : name
}
