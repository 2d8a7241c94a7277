// Addresses of the views, as paths of the service. No identifier of a person stands in one: an id at most.
export type Route =
  | { readonly name: 'users' }
  | { readonly name: 'user'; readonly id: string }
  | { readonly name: 'numbers' }
  | { readonly name: 'blocks' }

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** What is before `/admin`: a proxy may serve the service under a prefix. */
export function baseOf(path: string): string {
  return /^(.*?)\/admin(\/|$)/.exec(path)?.[1] ?? ''
}

/** The view of a path behind the prefix; null where there is none. */
export function routeOf(path: string): Route | null {
  const [, name = '', id = ''] = /^\/admin(?:\/([a-z]+))?(?:\/([^/]+))?\/?$/.exec(path) ?? [undefined, 'none']
  if (name === '' && id === '') return { name: 'users' }
  if (name === 'users' && uuid.test(id)) return { name: 'user', id: id.toLowerCase() }
  return (name === 'numbers' || name === 'blocks') && id === '' ? { name } : null
}

export function pathOfRoute(route: Route): string {
  if (route.name === 'users') return '/admin'
  return route.name === 'user' ? `/admin/users/${route.id}` : `/admin/${route.name}`
}
