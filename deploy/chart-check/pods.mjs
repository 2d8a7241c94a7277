// How closed a pod is: the standard "restricted" of Kubernetes' pod security, a root that nobody writes to, limits; and its probes.

/** @returns a line for each thing that is wrong */
export function faultsOfPod(name, spec, routes, isPort) {
  const { securityContext: { seccompProfile, ...security } = {}, volumes = [] } = spec
  const kept = {
    'it has no token for the API of Kubernetes': spec.automountServiceAccountToken === false,
    'it does not run as root': security.runAsNonRoot === true && security.runAsUser > 0,
    'it has a seccomp profile': seccompProfile?.type === 'RuntimeDefault',
    'it has namespaces of its own': !spec.hostNetwork && !spec.hostPID && !spec.hostIPC,
    'it mounts nothing of the node': volumes.every(({ hostPath }) => hostPath === undefined),
    // Files of a volume belong to root, and to fsGroup where there is one.
    'its secrets are open to its group, and to nobody else': volumes.every(
      ({ projected }) => projected === undefined || (projected.defaultMode === 0o440 && security.fsGroup > 0),
    ),
    'what it may write to has a limit': volumes.every(({ emptyDir }) => emptyDir === undefined || emptyDir.sizeLimit),
  }
  return [
    ...brokenOf(kept).map((rule) => `${name}: not so: ${rule}`),
    ...[...(spec.initContainers ?? []), ...spec.containers].flatMap((each) =>
      [...brokenOf(rulesOfContainer(each)), ...faultsOfProbes(each, routes, isPort)].map(
        (rule) => `${name}: not so: ${rule}`,
      ),
    ),
  ]
}

const brokenOf = (rules) => Object.keys(rules).filter((rule) => !rules[rule])

function rulesOfContainer({
  securityContext: security = {},
  resources: { requests = {}, limits = {} } = {},
  env = [],
}) {
  return {
    'it gets no further privileges': security.allowPrivilegeEscalation === false,
    'its root is closed to writing': security.readOnlyRootFilesystem === true,
    'it has no capabilities': JSON.stringify(security.capabilities) === '{"drop":["ALL"]}',
    'it asks for CPU and memory': requests.cpu && requests.memory,
    'it has limits of CPU and memory': limits.cpu && limits.memory,
    'its variables are texts': env.every(({ value }) => value === undefined || typeof value === 'string'),
  }
}

/** Of a container that listens: each probe asks for a route that there is. */
function faultsOfProbes({ ports, ...container }, routes, isPort) {
  if (ports === undefined) return []
  return ['startupProbe', 'livenessProbe', 'readinessProbe'].filter((probe) => {
    const { path, port } = container[probe]?.httpGet ?? {}
    return !routes.includes(path) || !isPort(port)
  })
}
