// Whether a file is an export of the system that it was said to be of; and of which it may be where it is not.
import { type Checked, type CheckOptions, readFields } from './check.js'
import { mapsThatRead } from './maps.js'
import { FileFault, plainName, type RawRecord } from './reader.js'

/** Of CSV whose header is none that is known. */
function hintOf([first, ...others]: readonly string[]): string {
  // As spreadsheets write it in half of Europe, and as databases do.
  const parting = others.length === 0 ? /[;\t|]/.exec(String(first))?.[0] : undefined
  if (parting === undefined) return 'its first line is to name the columns'
  return `a ${parting === '\t' ? 'tab' : parting} parts its columns: export it with commas`
}

/** @throws FileFault where nobody is among the first records */
export function requireUsers(
  records: readonly RawRecord[],
  checked: readonly Checked[],
  { map, columns }: CheckOptions,
): void {
  const isNamed = columns !== null && map.columns === undefined
  const hint = isNamed ? [hintOf(columns)] : []
  if (records.length === 0) throw new FileFault(['has no users', ...hint].join('; '))
  // Of whom some value was not understood was recognised all the same.
  const isUser = (each: Checked) => each.kind !== 'refused' || (each.refusal.id ?? each.refusal.column) !== undefined
  if (checked.some(isUser)) return
  const found = records.map((record) => readFields(record, columns)).find((fields) => typeof fields !== 'string') ?? {}
  const others = mapsThatRead(found).map(({ name }) => (name === 'latchkey' ? 'without --map' : `with --map ${name}`))
  const names = Object.keys(found)
    .filter((name) => plainName.test(name))
    .slice(0, 8)
  throw new FileFault(
    [
      `has no line that looks like ${map.name}`,
      ...(names.length > 0 ? [`the first one has ${names.join(', ')}`] : []),
      ...hint,
      ...(others.length > 0 ? [`it can be read ${others.join(' or ')}`] : []),
    ].join('; '),
  )
}
