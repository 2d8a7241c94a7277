// The hosted page: one element, set up by what the service wrote into the page, and the way back to where people came from.
import { readPage, signInElement } from './hosted.js'

const config = readPage()
const { returnTo, state, codeChallenge } = config
const element = signInElement(config, /^(.*)\/sign-in$/.exec(location.pathname)?.[1])
element.toggleAttribute('account', returnTo === undefined)
if (returnTo && isOwn(returnTo)) element.addEventListener('signed-in', () => location.replace(returnTo))
if (returnTo && state && codeChallenge) {
  const body = { return_to: returnTo, state, code_challenge: codeChallenge, code_challenge_method: 'S256' } as const
  element.finish = async (client) => {
    const { data } = await client.request('POST /auth/exchange/codes', { body })
    location.replace(data.redirect_to)
  }
}
document.getElementById('latchkey')?.replaceChildren(element)

/** A path of this origin: what comes from a link may lead nowhere else. */
function isOwn(path: string): boolean {
  return /^\/(?![/\\])/.test(path) && new URL(path, location.href).origin === location.origin
}
