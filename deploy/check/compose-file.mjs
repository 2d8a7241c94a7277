// compose.yaml as compose reads it.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** As compose does it: ${NAME}, ${NAME:-default}, ${NAME:?required}. */
function interpolate(text, environment) {
  return text.replace(/\$\{(\w+)(?:(:[-?])([^}]*))?\}/g, (_, name, operator, word) => {
    const value = environment[name] || (operator === ':-' ? word : undefined)
    if (value === undefined) throw new Error(`${name} is not set${operator === ':?' ? `: ${word}` : ''}`)
    return value
  })
}

/** The whole file, interpolated. @param {URL} root the project's folder */
export function readCompose(root, environment = {}) {
  const text = readFileSync(new URL('compose.yaml', root), 'utf8').replace(/^\s*#.*$/gm, '')
  return parse(interpolate(text, environment), { merge: true })
}

/** Its services by name. */
export const composeServices = (root, environment) => readCompose(root, environment).services
