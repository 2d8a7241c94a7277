// Fills in the values of statements that were recorded from the service: see ../support/statement-sources.ts.
import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuid } from 'uuid'

/** What the service makes up itself, made here at the same cost. */
const inventions = {
  id: () => uuid(),
  digest: () => createHash('sha256').update(randomBytes(32).toString('base64url')).digest(),
  shard: () => Math.floor(Math.random() * 16),
  time: () => new Date().toISOString(),
}

function fillerOf(source) {
  if (source.kind === 'constant') return () => source.value
  if (source.kind === 'bytes') {
    const bytes = Buffer.from(source.base64, 'base64')
    return () => bytes
  }
  if (source.kind === 'fact') return (facts) => facts[source.name]
  if (source.kind === 'list') {
    const fill = fillerOf(source.of)
    return (facts) => [fill(facts)]
  }
  if (source.kind === 'json') {
    const fill = fillerOf(source.of)
    return (facts) => JSON.stringify(fill(facts))
  }
  if (source.kind === 'hex') {
    const fill = fillerOf(source.of)
    return (facts) => `\\x${Buffer.from(fill(facts)).toString('hex')}`
  }
  if (source.kind === 'object') {
    const members = Object.entries(source.members).map(([name, of]) => [name, fillerOf(of)])
    return (facts) => Object.fromEntries(members.map(([name, fill]) => [name, fill(facts)]))
  }
  const invent = inventions[source.what]
  return (facts) => {
    facts[source.name] ??= invent()
    return facts[source.name]
  }
}

/** The function that gives the values of one call; what it makes up it adds to the facts, for the statements that follow. */
export function createFiller(sources) {
  const fillers = sources.map(fillerOf)
  return (facts) => fillers.map((fill) => fill(facts))
}
