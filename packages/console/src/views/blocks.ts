// What refuses people, or is going to, and what to do about it.
import type { Blocks } from '../api.js'
import { ask } from '../dialog.js'
import type { Words } from '../locales/en.js'
import {
  badge,
  bar,
  button,
  type Child,
  cell,
  entry,
  fill,
  h,
  head,
  line,
  list,
  moment,
  note,
  panel,
  rowHead,
  scrolled,
  table,
} from '../parts.js'
import type { Surroundings, View } from '../surroundings.js'
import { channelName } from './history.js'

export function blocksView(around: Surroundings): View {
  const { text, api, proven } = around
  const { own } = text
  const heading = h('h1', { tabindex: '-1' }, own.blocks)
  const body = h('div', { class: 'blocks' })
  const load = async () => {
    await fill(
      around,
      body,
      () => proven(() => api.blocks()),
      (blocks) => [
        panel('countries', own.countries, ...countries(around, blocks.countries, reload)),
        panel('budgets', own.budgets, scrolled(own.budgets, budgets(around, blocks.budgets))),
        panel('drivers', own.drivers, drivers(around, blocks.drivers)),
      ],
    )
  }
  const reload = async () => {
    await load()
    heading.focus()
  }
  void load()
  return { root: h('div', {}, heading, body), title: own.blocks }
}

function countries(around: Surroundings, closed: Blocks['countries'], reload: () => Promise<void>): Child[] {
  const { text, api } = around
  const { own } = text
  if (closed.length === 0) return [note(own.no_closed)]
  const open = async (country: string) => {
    const isDone = await ask(around, {
      action: own.open,
      target: text.countryName(country),
      lead: own.do_open,
      isDangerous: false,
      run: (reason) => api.openCountry(country, reason),
    })
    if (isDone) await reload()
  }
  const rows = closed.map(({ country, closed_until }) => {
    const name = text.countryName(country)
    const press = button(own.open, () => void open(country))
    press.setAttribute('aria-label', `${own.open}: ${name}`)
    const [before = '', after = ''] = own.closed_until.split('{when}')
    return entry(
      h('div', { class: 'main' }, h('strong', {}, name), press),
      h('p', { class: 'note' }, before, moment(text, closed_until), after),
    )
  })
  return [list('rows', ...rows), h('p', { class: 'advice' }, own.adv_country)]
}

const advice: Readonly<Record<string, keyof Words>> = {
  fine: 'adv_fine',
  nearly_used_up: 'adv_nearly',
  used_up: 'adv_used',
}
/** What needs somebody stands first. */
const urgency = (code: string) => ({ used_up: 0, nearly_used_up: 1 })[code] ?? 2

const kinds: Readonly<Record<string, keyof Words>> = {
  new: 'b_new',
  known: 'b_known',
  trusted: 'b_trusted',
  solved: 'b_solved',
}

function wordOf<Names extends Readonly<Record<string, keyof Words>>>(names: Names, name: string, words: Words): string {
  const key = Object.hasOwn(names, name) ? names[name] : undefined
  return key === undefined ? name : words[key]
}

/** `sms:new:solved` in words. */
function budgetName({ text }: Surroundings, name: string): string {
  const [channel = '', ...rest] = name.split(':')
  const what = channelName(text.words.email, channel === 'mail' ? 'email' : channel)
  return [what, ...rest.map((each) => wordOf(kinds, each, text.own))].join(', ')
}

function budgets(around: Surroundings, rows: Blocks['budgets']): HTMLTableElement {
  const { text } = around
  const { own } = text
  const sorted = [...rows].sort((one, other) => urgency(one.advice) - urgency(other.advice))
  const lines = sorted.map(({ name, window, used, limit, ends_at, advice: code }) => {
    const share = limit === 0 ? 1 : used / limit
    return line(
      rowHead(budgetName(around, name)),
      cell(own.period, '', text.length(1, window === 'hour' ? 'hour' : 'day')),
      cell(
        own.used,
        'number',
        `${text.number(used)} / ${text.number(limit)}`,
        h('span', { class: 'share' }, text.share(share), bar(share, code === 'fine' ? 'good' : 'bad')),
      ),
      cell(own.resets, '', moment(text, ends_at)),
      cell(own.what_to_do, code === 'fine' ? 'note' : 'advice', wordOf(advice, code, own)),
    )
  })
  const names = [own.budgets, own.period, own.used, own.resets, own.what_to_do]
  const heads = names.map((name) => head({ class: name === own.used ? 'number' : '' }, name))
  return table(heads, h('tbody', {}, ...lines))
}

const states: Readonly<Record<string, keyof Words>> = { closed: 'd_closed', open: 'd_open', half_open: 'd_half' }

function drivers({ text }: Surroundings, rows: Blocks['drivers']): HTMLElement {
  const lines = rows.map(({ channel, driver, state }) =>
    entry(
      h(
        'div',
        { class: 'main' },
        h('span', {}, channelName(text.words.email, channel), ' · ', h('bdi', {}, driver)),
        badge(wordOf(states, state, text.own), state === 'closed' ? 'good' : 'bad'),
      ),
    ),
  )
  return list('rows', ...lines)
}
