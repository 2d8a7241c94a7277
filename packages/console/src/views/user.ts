// One user: who they are, what can be done, what happened.
import type { AdministeredUser, Limits, Session, Standing } from '../api.js'
import { badge, type Child, entry, facts, fill, h, isolated, list, moment, nameOf, note, panel } from '../parts.js'
import type { Surroundings, View } from '../surroundings.js'
import { actions } from './actions.js'
import { history } from './history.js'

export function userView(around: Surroundings, id: string): View {
  const { text, api, proven } = around
  const heading = h('h1', { tabindex: '-1' }, text.own.users)
  const root = h('div', { class: 'user' })
  const body = h('div', {})
  root.append(h('p', { class: 'back' }, backLink(around)), heading, body)

  const load = (): Promise<boolean> =>
    fill(
      around,
      body,
      async () => {
        const user = await api.user(id)
        const standing = await proven(() => api.standing(id))
        return { user, standing }
      },
      ({ user, standing }) => {
        heading.replaceChildren(
          h('bdi', {}, nameOf(user)),
          ...(user.role === 'ADMIN' ? [badge(text.own.admin)] : []),
          ...(standing.disabled_at === null ? [] : [badge(text.own.disabled, 'bad')]),
        )
        return sections(around, user, standing, async () => {
          await load()
          heading.focus()
        })
      },
    )
  void load()
  return { root, title: text.own.users }
}

function backLink({ text, link }: Surroundings): HTMLElement {
  const back = link({ name: 'users' })
  back.append(text.words.back)
  return back
}

function sections(
  around: Surroundings,
  user: AdministeredUser,
  standing: Standing,
  reload: () => Promise<void>,
): Child[] {
  const { text, api, proven } = around
  const { own, words } = text
  const limits = panel('limits', own.limits)
  const sessions = panel('sessions', words.sessions)
  const devices = panel('devices', own.devices)
  const filled = <Row>(place: HTMLElement, run: () => Promise<Row>, show: (rows: Row) => Child[]) => {
    const body = h('div', {})
    place.append(body)
    void fill(around, body, () => proven(run), show)
  }
  filled(
    limits,
    () => api.limits(user.id),
    (rows) => limitFacts(around, rows),
  )
  filled(
    sessions,
    () => api.sessions(user.id),
    (rows) => [
      rowsOr(
        words.none_yet,
        rows.map((each) => sessionRow(around, each)),
      ),
    ],
  )
  filled(
    devices,
    () => api.devices(user.id),
    (rows) => [
      rowsOr(
        words.none_yet,
        rows.map(({ created_at, last_used_at }) =>
          entry(
            h('span', { class: 'main' }, text.format(words.last_active, { when: text.ago(last_used_at) })),
            h('span', { class: 'note' }, own.created, ' ', moment(text, created_at, 'day')),
          ),
        ),
      ),
    ],
  )
  return [
    actions(around, user, standing, reload),
    h(
      'div',
      { class: 'columns' },
      h('div', {}, panel('details', own.details, detailFacts(around, user, standing)), limits, sessions, devices),
      h('div', {}, ...history(around, user.id)),
    ),
  ]
}

function detailFacts({ text }: Surroundings, user: AdministeredUser, standing: Standing): HTMLElement {
  const { own, words } = text
  const identifier = (value: string | null, verified: string | null): Child =>
    value === null
      ? words.none_yet
      : h('span', {}, isolated(value), ' ', verified === null ? badge(own.claimed, 'bad') : badge(own.proven, 'good'))
  return facts(
    [words.name, h('bdi', {}, user.user_name ?? words.none_yet)],
    [words.phone, identifier(user.phone, standing.phone_verified_at)],
    [words.email, identifier(user.email, standing.email_verified_at)],
    [own.created, moment(text, user.created_at)],
    ...(standing.disabled_at === null
      ? []
      : [[own.disabled, moment(text, standing.disabled_at)] satisfies [string, Child]]),
    ['ID', h('code', { dir: 'ltr' }, user.id)],
    // Under its name of the API: it is the product's own.
    ...(Object.keys(user.public_metadata).length === 0
      ? []
      : [
          [
            'public_metadata',
            h('code', { class: 'json', dir: 'ltr' }, JSON.stringify(user.public_metadata, null, 2)),
          ] satisfies [string, Child],
        ]),
  )
}

const rowsOr = (none: string, rows: HTMLElement[]) => (rows.length === 0 ? note(none) : list('rows', ...rows))

function sessionRow({ text }: Surroundings, session: Session): HTMLElement {
  const { device, network, last_seen_at, created_at } = session
  const { words, own } = text
  return entry(
    h('bdi', { class: 'main' }, device ?? words.unknown_device),
    h(
      'span',
      { class: 'note' },
      text.format(words.last_active, { when: text.ago(last_seen_at) }),
      ...(network === null ? [] : [' · ', h('bdi', { dir: 'ltr' }, network)]),
    ),
    h('span', { class: 'note' }, own.ev_login, ' ', moment(text, created_at)),
  )
}

function limitFacts({ text }: Surroundings, rows: Limits[]): Child[] {
  const { own, words } = text
  const time = (name: string, value: string | null): [string, Child][] =>
    value === null ? [] : [[name, moment(text, value)]]
  return rows.flatMap((row) => [
    h('h3', {}, words[row.method], row.locked_until !== null && badge(own.ev_lock, 'bad')),
    facts(
      [own.left_hour, text.number(row.sends_left_hour)],
      [own.left_day, text.number(row.sends_left_day)],
      [own.guesses_left, text.number(row.failures_left)],
      ...time(own.locked_until, row.locked_until),
      ...time(own.next_code, row.resend_at),
      ...time(own.unlock_from, row.unlock_allowed_at),
    ),
  ])
}
