// Renders the chart with several sets of values, and tries what comes of each: the schemas of Kubernetes, what objects say of each other,
// whether the service would start by it. Values that must be refused are, and what is broken on purpose is noticed. The last line counts.
//
//   npm ci --ignore-scripts --prefix deploy/chart-check
//   node --import tsx deploy/chart-check/run.mjs            needs Go, golang-github-masterminds-sprig-dev, golang-k8s-sigs-yaml-dev
//   node --import tsx deploy/chart-check/run.mjs --write    writes deploy/kubernetes, and the chart's copy of deploy/alerts.yaml
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Ajv from 'ajv'
import { check, main, runToEnd, say, skip } from '../../examples/support.mjs'
import { expectations, variants } from './expectations.mjs'
import { manifestsOf, manifestsThere, writeManifests } from './manifests.mjs'
import { faultsOf } from './models.mjs'
import { mutations } from './mutations.mjs'
import { refusals } from './refusals.mjs'
import { faultsBetween } from './relations.mjs'
import { faultsOfSettings } from './settings.mjs'

const deploy = join(import.meta.dirname, '..')
const chart = join(deploy, 'chart')
const read = (path) => readFile(join(deploy, path), 'utf8')

await main(
  async (typed) => {
    const work = await mkdtemp(join(tmpdir(), 'latchkey-chart-'))
    try {
      await checkChart(work, typed)
    } finally {
      await rm(work, { recursive: true })
    }
  },
  { write: { type: 'boolean' } },
)

async function checkChart(work, typed) {
  const render = await buildRenderer(work)
  if (render === undefined) return
  if (typed.write) await writeFile(join(chart, 'files/alerts.yaml'), await read('alerts.yaml'))
  check(
    'the chart has the alerts of deploy/alerts.yaml',
    (await read('chart/files/alerts.yaml')) === (await read('alerts.yaml')),
  )
  const { version } = JSON.parse(await read('../package.json'))
  const inChart = [...(await read('chart/Chart.yaml')).matchAll(/^(?:version|appVersion): (.*)$/gm)].map(
    ([, each]) => each,
  )
  check('the chart has the version of the project', inChart.join() === [version, version].join(), inChart)

  const least = await read('chart/ci/least-values.yaml')
  const sets = (await readdir(join(chart, 'ci'))).map((name) => `chart/ci/${name}`)
  const cases = [
    ...(await Promise.all([...sets, 'kubernetes/values.yaml'].map(async (path) => [path, [await read(path)]]))),
    ...(await examples()).map((text, index) => [`example ${index + 1} of the README`, [least, text]]),
    ...Object.entries(variants).map(([name, text]) => [name, [least, text]]),
    ...refusals.map(([name, text]) => [name, [least, text]]),
    ['nothing', []],
  ].map(([name, texts]) => ({ name, release: 'latchkey', namespace: 'auth', values: texts }))
  cases.push({
    name: 'another release',
    release: 'a-release-of-quite-another-name-than-the-chart-has',
    namespace: 'auth',
    values: [least],
  })
  const { results, badPatterns } = render(cases)
  check('patterns of the schema are such as Go has', badPatterns.length === 0, badPatterns)

  const refuse = await refuser()
  const good = results.filter(({ name }) => /\.yaml$|^example|^another release$/.test(name))
  for (const result of good) await checkGood(result, refuse, work)
  const resultOf = (name) => results.find((each) => each.name === name).objects.map(({ object }) => object)
  for (const each of expectations(resultOf)) check(...each)
  for (const [name, , says] of [
    ...refusals,
    ['nothing', '', /settings\.SMS_DRIVERS is required[\s\S]*EMAIL_DRIVERS is/],
  ]) {
    const refusal = refuse(results.find((each) => each.name === name))
    check(`refused: ${name}`, says.test(refusal ?? ''), refusal)
  }
  await checkMutations(results.find(({ name }) => name.includes('everything')).objects, work)
  await checkManifests(
    results.find(({ name }) => name === 'kubernetes/values.yaml'),
    typed,
  )
}

/** What renders cases; nothing where Go or its packages are missing, which is said. */
async function buildRenderer(work) {
  const program = join(work, 'render')
  const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(work, 'go-cache'), CGO_ENABLED: '0' }
  const go = ['go', '/usr/lib/go/bin/go'].find((each) => spawnSync(each, ['version']).status === 0)
  const has = (name) => spawnSync('test', ['-d', join(env.GOPATH, 'src', name)]).status === 0
  if (go === undefined || !has('github.com/Masterminds/sprig') || !has('sigs.k8s.io/yaml')) {
    skip('the chart', 'Go, golang-github-masterminds-sprig-dev or golang-k8s-sigs-yaml-dev is not installed')
    return undefined
  }
  await runToEnd(go, ['vet', './render'], { cwd: import.meta.dirname, env })
  await runToEnd(go, ['build', '-o', program, './render'], { cwd: import.meta.dirname, env })
  return (cases) => {
    const { stdout, stderr } = spawnSync(program, [chart], { input: JSON.stringify(cases), maxBuffer: 2 ** 28 })
    if (stdout.length === 0) throw new Error(String(stderr))
    return JSON.parse(stdout)
  }
}

/** The values that the README of the chart shows. */
async function examples() {
  return [...(await read('chart/README.md')).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
}

/** As Helm: first the schema, then what templates say. Gives why values are refused, or nothing. */
async function refuser() {
  const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true })
  const validate = ajv.compile(JSON.parse(await read('chart/values.schema.json')))
  return ({ values, error }) => {
    if (validate(values)) return error || undefined
    return validate.errors
      .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
      .join('\n')
  }
}

async function context() {
  return {
    routes: Object.keys(JSON.parse(await read('../openapi.json')).paths),
    // closeWithGrace ends the process then.
    stopSeconds: Number(/const limit = ([\d_]+)/.exec(await read('../src/stopping.ts'))[1].replace('_', '')) / 1000,
  }
}

async function checkGood(result, refuse, work) {
  const { name, objects, values } = result
  const refusal = refuse(result)
  check(`${name}: taken`, refusal === undefined, refusal)
  say(`     ${objects.map(({ object }) => object.kind).join(', ')}`)
  const all = objects.map(({ object }) => object)
  const faults = (await Promise.all(all.map(faultsOf))).flat()
  check(`${name}: Kubernetes takes it`, all.length > 0 && faults.length === 0, faults)
  const between = faultsBetween(all, await context())
  check(`${name}: objects find each other, and pods are closed`, between.length === 0, between)
  const ofSettings = await faultsOfSettings(all, await mkdtemp(join(work, 'secrets-')))
  check(`${name}: the service would start by it`, ofSettings.length === 0, ofSettings)
  const { notes } = result
  check(
    `${name}: the notes name what there is`,
    notes.includes(`deployment/${all.find(({ kind }) => kind === 'Deployment').metadata.name}`),
    values,
  )
}

async function checkMutations(objects, work) {
  const notice = {
    models: async (all) => (await Promise.all(all.map(faultsOf))).flat(),
    relations: async (all) => faultsBetween(all, await context()),
    settings: async (all) => faultsOfSettings(all, await mkdtemp(join(work, 'secrets-'))),
  }
  const whole = objects.map(({ object }) => object)
  for (const [by, each] of Object.entries(mutations)) {
    const before = await notice[by](whole)
    for (const [name, mutate] of Object.entries(each)) {
      const all = structuredClone(whole)
      mutate(all)
      const faults = await notice[by](all)
      check(`noticed: ${name}`, !faults.every((fault) => before.includes(fault)), faults)
    }
  }
}

async function checkManifests({ objects }, typed) {
  const files = manifestsOf(objects)
  if (typed.write) await writeManifests(files)
  const there = await manifestsThere()
  for (const [path, text] of Object.entries(files))
    check(`deploy/kubernetes/${path} is what the chart renders to`, there[path] === text, 'run.mjs --write writes it')
  const more = Object.keys(there).filter((path) => !(path in files))
  check('deploy/kubernetes has nothing else', more.length === 0, more)
}
