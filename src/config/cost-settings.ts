// The settings of what messages cost: whole ten-thousandths, so that sums are exact.
import type { SettingReader } from './reader.js'

/** Parts of one unit of the currency in which prices are kept. */
const perUnit = 10_000

export type CostSettings = Readonly<{
  /** ISO 4217 */
  currency: string
  /** whole ten-thousandths by country (ISO 3166-1 alpha-2), `*` for every other one, `email` for mail */
  prices: ReadonlyMap<string, number>
}>

const price = /^([A-Z]{2}|\*|email):(\d{1,6})(?:\.(\d{1,4}))?$/

export function parseCostSettings(read: SettingReader): CostSettings {
  const isPrice = (item: string): item is string => price.test(item)
  const items = read.list('MESSAGE_COSTS', isPrice)
  const prices = new Map(items.map(priceOf))
  if (prices.size < items.length) read.report('MESSAGE_COSTS', 'must name each country once')
  return { currency: read.text('MESSAGE_COST_CURRENCY'), prices }
}

/** A price that was found to be one, by whose it is. */
function priceOf(item: string): [string, number] {
  const [, name, whole, decimals = ''] = price.exec(item) as RegExpExecArray
  return [String(name), Number(whole) * perUnit + Number(decimals.padEnd(4, '0'))]
}

/** What so many messages cost, in units of the currency; null where nobody said what one does. */
export function costOf(
  { prices }: CostSettings,
  channel: string,
  country: string | null,
  messages: number,
): number | null {
  const each = channel === 'email' ? prices.get('email') : (prices.get(String(country)) ?? prices.get('*'))
  return each === undefined ? null : (each * messages) / perUnit
}
