// What a query of Prometheus asks for: the metrics by name, and their labels.
import { parser } from '@prometheus-io/lezer-promql'

export type Query = Readonly<{ metrics: readonly string[]; labels: readonly string[]; isValid: boolean }>

/** @param text of a dashboard with its variables, or of a rule */
export function readQuery(text: string): Query {
  const query = text.replaceAll('$__rate_interval', '5m')
  const metrics: string[] = []
  const labels: string[] = []
  let isValid = query.trim() !== ''
  parser.parse(query).iterate({
    enter({ name, type, from, to }) {
      const words = query.slice(from, to)
      if (type.isError) isValid = false
      else if (name === 'Identifier') metrics.push(words.replace(/_(bucket|sum|count)$/, ''))
      else if (name === 'LabelName') labels.push(words)
    },
  })
  return { metrics, labels, isValid }
}

/** What is wrong with a query, beside what there is; empty where nothing is. */
export function faultsOf(text: string, known: ReadonlyMap<string, readonly string[]>): string[] {
  const { metrics, labels, isValid } = readQuery(text)
  if (!isValid) return [`is no PromQL: ${text}`]
  const unknown = metrics.filter((name) => name !== 'up' && !known.has(name))
  if (unknown.length > 0) return unknown.map((name) => `${name} is no metric: ${text}`)
  // Those that Prometheus adds, and those of histograms.
  const allowed = new Set(['job', 'instance', 'le', ...metrics.flatMap((name) => known.get(name) ?? [])])
  return labels.filter((label) => !allowed.has(label)).map((label) => `${label} is no label: ${text}`)
}
