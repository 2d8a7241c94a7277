// A line of progress for work that takes a while: how far, how fast, how long still.
import { inEnglish } from './counted.js'

export type Progress = Readonly<{ done: number; total: number /** seconds */; elapsed: number }>

const width = 24

/** `[######······] 25 %  250,000 of 1,000,000  41,000/s  18 s left` */
export function progressLine({ done, total, elapsed }: Progress): string {
  return lineOf(done / total, elapsed, done, ` of ${inEnglish(total)}`)
}

/** The same of a file that is read, whose number of records nobody knows before its end. */
export function readingLine({
  share,
  records,
  elapsed,
}: Readonly<{ /** of the file, 0 to 1 */ share: number; records: number /** seconds */; elapsed: number }>): string {
  return lineOf(share, elapsed, records, '')
}

function lineOf(share: number, elapsed: number, count: number, ofAll: string): string {
  const filled = Math.round(share * width)
  const rate = Math.round(count / Math.max(elapsed, 0.001))
  const left = share === 0 ? '' : `  ${Math.ceil((elapsed / share) * (1 - share))} s left`
  const bar = `[${'#'.repeat(filled)}${'·'.repeat(width - filled)}] ${Math.floor(share * 100)} %`
  return `${bar}  ${inEnglish(count)}${ofAll}  ${inEnglish(rate)}/s${left}`
}
