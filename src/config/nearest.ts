// Which of the known names somebody meant who typed another one.

/**
 * The nearest name, or begun by what was typed. Undefined where none is close.
 * @param most slips that it may be away
 */
export function nearest(typed: string, names: readonly string[], most = 2): string | undefined {
  const isBegun = (name: string) => typed.length >= 3 && name.startsWith(typed)
  const distances = names.map((name) => ({ name, distance: isBegun(name) ? 1 : distanceBetween(typed, name) }))
  const [best] = distances.sort((one, other) => one.distance - other.distance)
  return best !== undefined && best.distance <= Math.min(most, best.name.length / 2) ? best.name : undefined
}

/** Letters that are missing, too many, wrong or swapped with the next (optimal string alignment). */
function distanceBetween(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => Number(rows[row]?.[column])
  for (let row = 1; row <= one.length; row += 1) {
    rows.push([row])
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      const ways = [at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + (isSame ? 0 : 1)]
      rows[row]?.push(Math.min(...ways, isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY))
    }
  }
  return at(one.length, other.length)
}
