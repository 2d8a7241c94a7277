// deploy/kubernetes: the chart rendered with values.yaml of that folder, for whoever has no Helm.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'

const head =
  '# Written by `node --import tsx deploy/chart-check/run.mjs --write` from deploy/chart and values.yaml beside it.\n'
export const folder = join(import.meta.dirname, '../kubernetes')

/** The texts of the files, by their paths in the folder. The Job is a folder of its own: it comes first, and cannot be changed. */
export function manifestsOf(rendered) {
  const files = rendered.map(({ template, object }) => [
    template === 'migrate-job.yaml' ? `migrate/${template}` : template,
    text(withoutHelm(object)),
  ])
  const resources = (under) =>
    files
      .map(([path]) => path)
      .filter((path) => dirname(path) === under)
      .map((path) => path.replace(/.*\//, ''))
  const kustomization = (under) =>
    text({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: resources(under) })
  return Object.fromEntries([
    ...files,
    ['kustomization.yaml', kustomization('.')],
    ['migrate/kustomization.yaml', kustomization('migrate')],
  ])
}

/** kubectl reads YAML 1.1, in which `on` without quotes is true. */
const text = (object) => `${head}${stringify(object, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })}`

/** What only Helm reads, says that Helm keeps it, or is true only where Helm writes the ConfigMap. */
function withoutHelm(value) {
  if (Array.isArray(value)) return value.map(withoutHelm)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([name]) => !/^helm\.sh\/|^checksum\/|^app\.kubernetes\.io\/managed-by$/.test(name),
  )
  return Object.fromEntries(
    kept
      .map(([name, below]) => [name, withoutHelm(below)])
      .filter(([name, below]) => name !== 'annotations' || Object.keys(below).length > 0),
  )
}

/** The files that are there, without values.yaml and what is written by hand. */
export async function manifestsThere() {
  const paths = (await readdir(folder, { recursive: true }).catch(() => [])).filter(
    (path) => path.endsWith('.yaml') && path !== 'values.yaml',
  )
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), 'utf8')])),
  )
}

export async function writeManifests(files) {
  for (const path of Object.keys(await manifestsThere())) await rm(join(folder, path))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}
