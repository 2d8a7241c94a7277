// Whether an object is what Kubernetes takes: by the validators of the package kubernetes-models, which are compiled from the OpenAPI
// documents of Kubernetes and of Prometheus Operator. They take unknown fields, as the API server does without being asked for strictness,
// and then a misspelled limit is none at all. Each field has to be read by the validator here: what it never asks for, it does not know.

/** @returns a line for each thing that is wrong */
export async function faultsOf({ apiVersion, kind, ...rest }) {
  // The package knows versions too that Kubernetes has left behind; what is stable stays.
  if (/alpha|beta/.test(apiVersion)) return [`${apiVersion} ${kind} is not stable`]
  const [packageName, path] = apiVersion.startsWith('monitoring.coreos.com/')
    ? ['@kubernetes-models/prometheus-operator', `${apiVersion}/${kind}`]
    : ['kubernetes-models', `${apiVersion}/${kind}`]
  const module = await import(`${packageName}/${path}`).catch(() => undefined)
  if (module === undefined) return [`${apiVersion} ${kind} is nothing that the package knows`]
  const read = new Set()
  try {
    module[kind].prototype.validate.call(recorded({ apiVersion, kind, ...rest }, '', read))
  } catch (error) {
    return [`${kind} ${rest.metadata?.name}: ${error.message}`]
  }
  return pathsOf({ apiVersion, kind, ...rest })
    .filter((each) => !read.has(each))
    .map((each) => `${kind} ${rest.metadata?.name}: ${each} is no field`)
}

/** The same value, which notes what is read of it. */
function recorded(value, path, read) {
  if (typeof value !== 'object' || value === null) return value
  return new Proxy(value, {
    get(target, name) {
      if (typeof name === 'symbol' || !Object.hasOwn(target, name)) return target[name]
      read.add(`${path}/${name}`)
      return recorded(target[name], `${path}/${name}`, read)
    },
  })
}

/** The paths of all fields that are there. */
function pathsOf(value, path = '') {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, below]) => [`${path}/${name}`, ...pathsOf(below, `${path}/${name}`)])
}
