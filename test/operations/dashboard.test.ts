// What is handed to operators names what there is: the queries of the dashboard, of the alerts and of the runbooks, and each alert has its
// page.
import { readdirSync, readFileSync } from 'node:fs'
import { Client } from 'pg'
import t from 'tap'
import { Metrics } from '../../src/operations/metrics.js'
import { createTestDatabase } from '../support/database.js'
import { projectUrl } from '../support/project.js'
import { faultsOf } from '../support/promql.js'

const read = (path: string) => readFileSync(new URL(path, projectUrl), 'utf8')
const known = new Metrics({
  countries: [],
  poolUse: () => ({ inUse: 0, idle: 0, waiting: 0 }),
  isReady: async () => true,
  eventHosts: [],
  eventLags: async () => new Map(),
}).labels

type Panel = { type: string; title: string; targets?: { expr: string }[]; gridPos: { x: number; y: number; w: number } }
type Variable = { name: string; type: string; query: string | { query: string } }
type Dashboard = { panels: Panel[]; templating: { list: Variable[] } }

t.test('every query of the dashboard parses, and asks for metrics and labels that there are', async (t) => {
  const { panels, templating }: Dashboard = JSON.parse(read('deploy/grafana/latchkey.json'))
  const targets = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
  t.ok(targets.length > 45, `${targets.length} queries`)
  const variables = new Set(templating.list.map(({ name }) => name))
  for (const name of ['datasource', 'job', 'instance']) t.ok(variables.has(name))
  for (const { title, expr } of targets) {
    t.strictSame(faultsOf(expr, known), [], title)
    const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name).filter((name) => !name.startsWith('__'))
    t.strictSame(
      used.filter((name) => !variables.has(name)),
      [],
      `${title} uses variables that there are`,
    )
    t.match(expr, /job="\$job", instance=~"\$instance"/, `${title} asks for one service`)
    t.notMatch(expr, /vector\(0\)/, `${title} shows nothing, and not that all is well, where no replica answers`)
  }
  for (const { query } of templating.list.filter(({ type }) => type === 'query')) {
    const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(Object(query).query) ?? []
    t.strictSame(faultsOf(`sum by (${label}) (${selector})`, known), [])
  }
  const shown = targets.map(({ expr }) => expr).join('\n')
  const hidden = [...known.keys()].filter((name) => name.startsWith('latchkey_') && !shown.includes(name))
  t.strictSame(hidden, [], 'it shows every metric of ours')
  const places = panels.map(({ gridPos: { x, y } }) => `${x},${y}`)
  t.equal(new Set(places).size, panels.length, 'no panel lies on another')
})

/** The rules as their file has them: it is ours, and its form is that of `promtool check rules`. */
function alerts() {
  return read('deploy/alerts.yaml')
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((text) => ({
      name: text.split('\n')[0] ?? '',
      expr: (/^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.*))/m.exec(text) ?? []).slice(1).join(''),
      page: /runbook_url: (\S+)/.exec(text)?.[1],
    }))
}

t.test('every alert asks for what there is, and has its page, and every page its alert', async (t) => {
  t.ok(alerts().length >= 15)
  for (const { name, expr, page } of alerts()) {
    t.strictSame(faultsOf(expr.replaceAll(/#.*$/gm, ''), known), [], name)
    t.ok(page?.startsWith('docs/runbooks/'), name)
    t.ok(read(String(page)).includes(`Alert \`${name}\` of `), `${page} is the page of ${name}`)
  }
  const pages = readdirSync(new URL('docs/runbooks', projectUrl)).filter((file) => file !== 'README.md')
  t.strictSame(
    pages.map((file) => `docs/runbooks/${file}`).sort(),
    alerts()
      .map(({ page }) => page)
      .sort(),
  )
  const index = read('docs/runbooks/README.md')
  for (const page of pages) {
    t.ok(index.includes(`](${page})`), `${page} is in the list`)
    const parts = ['## What it means', '## How to look', '## What to do', '## When it is a false alarm']
    for (const part of parts) t.ok(read(`docs/runbooks/${page}`).includes(part), `${page}: ${part}`)
  }
  const tests = read('deploy/alerts.test.yaml')
  for (const { name } of alerts())
    t.ok(tests.includes(`alertname: ${name}\n        exp_alerts`), `a test sees ${name} fire`)
})

t.test('what the pages tell to ask can be asked', async (t) => {
  const { url } = await createTestDatabase()
  const client = new Client(url)
  await client.connect()
  t.teardown(() => client.end())
  const files = [
    ...readdirSync(new URL('docs/runbooks', projectUrl)).map((file) => `docs/runbooks/${file}`),
    'docs/metrics.md',
  ]
  let queries = 0
  for (const file of files) {
    const blocks = [...read(file).matchAll(/```(promql|sql)\n([\s\S]*?)```/g)]
    for (const [, language, text = ''] of blocks) {
      if (language === 'sql') await t.resolves(client.query(text), `${file}: ${text.slice(0, 40)}`)
      else {
        // A query a line, but for one that goes on.
        const lines = text
          .replaceAll(/^#.*\n/gm, '')
          .replaceAll(/\n +/g, ' ')
          .trim()
          .split('\n')
        for (const line of lines) t.strictSame(faultsOf(line, known), [], file)
        queries += lines.length
      }
    }
  }
  t.ok(queries > 30, `${queries} queries`)
})

t.test('what is wrong with a query is found', async (t) => {
  t.match(faultsOf('sum(rate(latchkey_ready[5m])', known), [/is no PromQL/])
  t.match(faultsOf('rate(latchkey_nothing_total[5m])', known), [/latchkey_nothing_total is no metric/])
  t.match(faultsOf('sum by (colour) (latchkey_ready{route="x"})', known), [/colour is no label/, /route is no label/])
})

t.test('docs/metrics.md tells the labels of each metric of ours', async (t) => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(latchkey_\w+)` \|([^|]*)\|/gm)]
  t.ok(rows.length >= 18)
  for (const [, name = '', labels = ''] of rows) {
    t.strictSame(
      [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
      known.get(name),
      name,
    )
  }
})
