// What is broken on purpose: a check that notices nothing would pass for ever. Each is done to what ci/everything-values.yaml renders to.

const of = (objects, kind) => objects.find((each) => each.kind === kind)
const podOf = (objects, kind = 'Deployment') => of(objects, kind).spec.template
const containerOf = (objects, kind) => podOf(objects, kind).spec.containers[0]

/** By what they do; `by` names what has to notice. */
export const mutations = {
  models: {
    'a field that there is not': (objects) => {
      containerOf(objects).resorces = {}
    },
    'a text for a number': (objects) => {
      of(objects, 'PodDisruptionBudget').spec.maxUnavailable = true
    },
    'a quantity that is none': (objects) => {
      containerOf(objects).resources.limits.memory = '1 GB'
    },
    'a kind of an older version': (objects) => {
      of(objects, 'HorizontalPodAutoscaler').apiVersion = 'autoscaling/v2beta2'
    },
    'no selector': (objects) => {
      delete of(objects, 'Deployment').spec.selector
    },
  },
  relations: {
    'a Service that selects other pods': (objects) => {
      of(objects, 'Service').spec.selector['app.kubernetes.io/component'] = 'web'
    },
    'a Service that selects commands too': (objects) => {
      delete of(objects, 'Service').spec.selector['app.kubernetes.io/component']
    },
    'a Deployment whose pods it does not select': (objects) => {
      podOf(objects).metadata.labels['app.kubernetes.io/name'] = 'other'
    },
    'a budget of nobody': (objects) => {
      of(objects, 'PodDisruptionBudget').spec.selector.matchLabels.x = 'y'
    },
    'a policy that leaves commands out': (objects) => {
      of(objects, 'NetworkPolicy').spec.podSelector.matchLabels['app.kubernetes.io/component'] = 'server'
    },
    'a monitor of nobody': (objects) => {
      of(objects, 'ServiceMonitor').spec.selector.matchLabels.x = 'y'
    },
    'an autoscaler of another': (objects) => {
      of(objects, 'HorizontalPodAutoscaler').spec.scaleTargetRef.name = 'other'
    },
    'replicas beside an autoscaler': (objects) => {
      of(objects, 'Deployment').spec.replicas = 2
    },
    'another port': (objects) => {
      of(objects, 'Service').spec.ports[0].targetPort = 'web'
    },
    'a setting that is another port': (objects) => {
      of(objects, 'ConfigMap').data.PORT = '3001'
    },
    'an Ingress to another Service': (objects) => {
      of(objects, 'Ingress').spec.rules[0].http.paths[0].backend.service.name = 'other'
    },
    'a probe of a path that there is not': (objects) => {
      containerOf(objects).readinessProbe.httpGet.path = '/healthz'
    },
    'too little time to stop': (objects) => {
      podOf(objects).spec.terminationGracePeriodSeconds = 15
    },
    root: (objects) => {
      podOf(objects, 'Job').spec.securityContext.runAsNonRoot = false
    },
    'secrets that the service cannot read': (objects) => {
      delete podOf(objects).spec.securityContext.fsGroup
    },
    'secrets that everybody can read': (objects) => {
      podOf(objects).spec.volumes.find(({ name }) => name === 'secrets').projected.defaultMode = 0o644
    },
    'no limit': (objects) => {
      delete containerOf(objects, 'Job').resources.limits.memory
    },
    'a token of the account': (objects) => {
      podOf(objects).spec.automountServiceAccountToken = true
    },
    'a hook with an account of the chart': (objects) => {
      podOf(objects, 'Job').spec.serviceAccountName = of(objects, 'ServiceAccount').metadata.name
    },
    'a weight that is a number': (objects) => {
      of(objects, 'Job').metadata.annotations['helm.sh/hook-weight'] = 'first'
    },
    'another image for migrations': (objects) => {
      containerOf(objects, 'Job').image = 'latchkey:0.0.9'
    },
    'a name twice': (objects) => {
      objects.push(structuredClone(of(objects, 'Service')))
    },
    'a Secret in the chart': (objects) => {
      of(objects, 'ConfigMap').kind = 'Secret'
    },
  },
  settings: {
    'a ConfigMap with a name that is no setting': (objects) => {
      of(objects, 'ConfigMap').data.OTP_LENGHT = '6'
    },
    'a value that the service refuses': (objects) => {
      of(objects, 'ConfigMap').data.SESSION_TTL = '60d'
    },
    'a key that the Secret has not': (objects) => {
      podOf(objects).spec.volumes.find(({ name }) => name === 'secrets').projected.sources[0].secret.items[0].key =
        'url'
    },
    'a file that is mounted elsewhere': (objects) => {
      containerOf(objects).volumeMounts.find(({ name }) => name === 'secrets').mountPath = '/run/secrets/other'
    },
    'a command that the image has not': (objects) => {
      containerOf(objects, 'Job').command = ['latchkey', 'migrat']
    },
    'a program that the image has not': (objects) => {
      containerOf(objects, 'Job').command = ['prisma', 'migrate']
    },
  },
}
