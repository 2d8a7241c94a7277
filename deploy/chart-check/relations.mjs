// What no schema of a single object can say: that objects find each other, and that hooks need nothing that comes after them.
import { faultsOfPod } from './pods.mjs'

const isWithin = (selector, labels) => Object.entries(selector ?? {}).every(([name, value]) => labels?.[name] === value)
const textOf = ({ kind, metadata }) => `${kind} ${metadata.name}`

const containersOf = ({ initContainers = [], containers }) => [...initContainers, ...containers]

/** The template of the pods that an object makes. */
export function podOf({ kind, spec }) {
  if (kind === 'CronJob') return spec.jobTemplate.spec.template
  return kind === 'Deployment' || kind === 'Job' ? spec.template : undefined
}

/** @returns a line for each thing that is wrong */
export function faultsBetween(objects, { routes, stopSeconds }) {
  const all = new Relations(objects)
  all.names()
  all.selectors()
  all.ports()
  all.pods(routes)
  all.hooks()
  all.stop(stopSeconds)
  return all.faults
}

class Relations {
  constructor(objects) {
    this.objects = objects
    this.faults = []
    this.makers = objects.filter(podOf)
    this.deployments = this.ofKind('Deployment')
  }

  expect(holds, fault) {
    if (!holds) this.faults.push(fault)
  }

  ofKind(kind) {
    return this.objects.filter((each) => each.kind === kind)
  }

  named(kind, name) {
    return this.ofKind(kind).find(({ metadata }) => metadata.name === name)
  }

  names() {
    for (const object of this.objects) {
      const { kind, metadata } = object
      const name = textOf(object)
      this.expect(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(metadata.name), `${name} is no name of RFC 1123`)
      this.expect(
        kind !== 'CronJob' || metadata.name.length <= 52,
        `${name}: a CronJob's name has 52 characters at most`,
      )
      this.expect(this.objects.filter((each) => textOf(each) === name).length === 1, `${name} is there twice`)
      this.expect(kind !== 'Secret', `${name}: secrets come from elsewhere`)
      for (const [label, value] of Object.entries(metadata.labels ?? {}))
        this.expect(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(value), `${name}: ${label} is ${value}`)
    }
  }

  /** @param only the objects whose pods it selects; all of them where it is left out */
  selects(name, selector, only = this.makers) {
    for (const maker of this.makers)
      this.expect(
        isWithin(selector, podOf(maker).metadata.labels) === only.includes(maker),
        `${name} ${only.includes(maker) ? 'does not select' : 'selects'} the pods of ${textOf(maker)}`,
      )
  }

  selectors() {
    for (const each of this.deployments) this.selects(textOf(each), each.spec.selector.matchLabels, [each])
    for (const each of this.ofKind('Service')) this.selects(textOf(each), each.spec.selector, this.deployments)
    for (const each of this.ofKind('PodDisruptionBudget'))
      this.selects(textOf(each), each.spec.selector.matchLabels, this.deployments)
    for (const each of this.ofKind('NetworkPolicy')) this.selects(textOf(each), each.spec.podSelector.matchLabels)
    for (const { labelSelector } of this.deployments.flatMap(
      (each) => podOf(each).spec.topologySpreadConstraints ?? [],
    ))
      this.selects('a spread constraint', labelSelector.matchLabels, this.deployments)
    for (const each of this.ofKind('ServiceMonitor'))
      this.expect(
        this.ofKind('Service').some(({ metadata }) => isWithin(each.spec.selector.matchLabels, metadata.labels)),
        `${textOf(each)} selects no Service`,
      )
    for (const { spec } of this.ofKind('HorizontalPodAutoscaler')) {
      const scaled = this.named(spec.scaleTargetRef.kind, spec.scaleTargetRef.name)
      this.expect(scaled, `the autoscaler scales ${spec.scaleTargetRef.name}, which is not there`)
      this.expect(
        scaled?.spec.replicas === undefined,
        'what is scaled has replicas of its own, which each upgrade sets',
      )
    }
  }

  /** Whether a container listens there, by the name or by the number. */
  isPort(port) {
    const ports = this.deployments.flatMap((each) => podOf(each).spec.containers.flatMap(({ ports = [] }) => ports))
    return ports.some(({ name, containerPort }) => port === name || port === containerPort)
  }

  isOfService(port) {
    return this.ofKind('Service').some(({ spec }) => spec.ports.some(({ name }) => name === port))
  }

  ports() {
    for (const { targetPort } of this.ofKind('Service').flatMap(({ spec }) => spec.ports))
      this.expect(this.isPort(targetPort), `a Service leads to the port ${targetPort}`)
    for (const { port, path } of this.ofKind('ServiceMonitor').flatMap(({ spec }) => spec.endpoints))
      this.expect(this.isOfService(port) && path === '/metrics', `a ServiceMonitor asks for ${path} at ${port}`)
    for (const { backend } of this.ofKind('Ingress').flatMap(({ spec }) =>
      spec.rules.flatMap(({ http }) => http.paths),
    ))
      this.expect(
        this.named('Service', backend.service.name) && this.isOfService(backend.service.port.name),
        `an Ingress leads to ${JSON.stringify(backend)}`,
      )
    for (const { port } of this.ofKind('NetworkPolicy').flatMap(({ spec }) =>
      spec.ingress.flatMap(({ ports }) => ports),
    ))
      this.expect(this.isPort(port), `a NetworkPolicy lets to ${port}`)
    for (const { data } of this.ofKind('ConfigMap')) this.expect(this.isPort(Number(data.PORT)), `PORT is ${data.PORT}`)
  }

  pods(routes) {
    for (const maker of this.makers) {
      const { spec } = podOf(maker)
      this.faults.push(...faultsOfPod(textOf(maker), spec, routes, (port) => this.isPort(port)))
      const account = spec.serviceAccountName
      this.expect(account === 'default' || this.named('ServiceAccount', account), `there is no account ${account}`)
    }
    const images = new Set(this.makers.flatMap((each) => containersOf(podOf(each).spec).map(({ image }) => image)))
    this.expect(images.size === 1, `${[...images]}: migrations and service are of one image`)
  }

  /** Of what the chart makes, nothing is there when its hooks run before the first install. */
  hooks() {
    for (const maker of this.makers.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined)) {
      const name = textOf(maker)
      const { spec } = podOf(maker)
      const { 'helm.sh/hook': hooks, 'helm.sh/hook-weight': weight, ...more } = maker.metadata.annotations
      this.expect(hooks === 'pre-install,pre-upgrade', `${name}: ${hooks}`)
      this.expect(/^-?\d+$/.test(weight), `${name}: the weight ${weight} is no number in quotes`)
      this.expect(/before-hook-creation/.test(more['helm.sh/hook-delete-policy']), `${name}: the one before stays`)
      this.expect(spec.serviceAccountName === 'default', `${name}: its account is not there yet`)
      this.expect(!containersOf(spec).some(({ envFrom }) => envFrom), `${name}: its ConfigMap is not there yet`)
    }
  }

  stop(stopSeconds) {
    for (const { spec } of this.deployments.map(podOf)) {
      const slept = spec.containers.map(({ lifecycle }) => Number(lifecycle.preStop.exec.command[1]))
      this.expect(
        spec.terminationGracePeriodSeconds > Math.max(...slept) + stopSeconds,
        'a pod is killed before it has stopped',
      )
    }
  }
}
