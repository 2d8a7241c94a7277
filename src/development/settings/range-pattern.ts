// Ranges of numbers in texts: what JSON Schema can say of `15m` is a pattern alone.

const units = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A pattern of the durations with a unit, `90s`, `15m`, `12h`, `7d`, from some seconds to some, without zeros before them. */
export function durationPattern(minimum: number, maximum: number): string {
  const parts = Object.entries(units).flatMap(([unit, seconds]) => {
    const [least, most] = [Math.ceil(minimum / seconds), Math.floor(maximum / seconds)]
    return least > most ? [] : [`(?:${integerPattern(least, most)})${unit}`]
  })
  return `^(?:${parts.join('|')})$`
}

/** A pattern of the whole numbers from one to another, neither below 0. */
export function integerPattern(minimum: number, maximum: number): string {
  const ends = endsBetween(minimum, maximum)
  return ends.map((end, index) => digitsPattern(index === 0 ? minimum : Number(ends[index - 1]) + 1, end)).join('|')
}

/**
 * Where to cut a range so that within each part the digits after the first that differs take any value: 30 to 600 is cut after 99, 599
 * and 600.
 */
function endsBetween(minimum: number, maximum: number): number[] {
  const ends = new Set([maximum])
  for (let unit = 10; ; unit *= 10) {
    const up = minimum - (minimum % unit) + unit - 1
    if (up >= maximum) break
    ends.add(up)
  }
  for (let unit = 10; ; unit *= 10) {
    const down = maximum + 1 - ((maximum + 1) % unit) - 1
    if (down <= minimum) break
    ends.add(down)
  }
  return [...ends].sort((one, other) => one - other)
}

/** Of two numbers with as many digits, of which all after the first that differs run from 0 to 9. */
function digitsPattern(from: number, to: number): string {
  const last = String(to)
  return [...String(from)]
    .map((digit, index) => (digit === last[index] ? digit : `[${digit}-${last[index]}]`))
    .join('')
    .replace(/(?:\[0-9\]){2,}/, (run) => `[0-9]{${run.length / 5}}`)
}
