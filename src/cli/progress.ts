// A line of progress for work that takes a while: how far, how fast, how long still.

export type Progress = Readonly<{ done: number; total: number /** seconds */; elapsed: number }>

const width = 24

/** `[######······] 25 %  250,000 of 1,000,000  41,000/s  18 s left` */
export function progressLine({ done, total, elapsed }: Progress): string {
  const share = done / total
  const filled = Math.round(share * width)
  const rate = done / Math.max(elapsed, 0.001)
  const left = done === 0 ? '' : `  ${Math.ceil((total - done) / rate)} s left`
  const [count, all, speed] = [done, total, Math.round(rate)].map((number) => number.toLocaleString('en'))
  return `[${'#'.repeat(filled)}${'·'.repeat(width - filled)}] ${Math.floor(share * 100)} %  ${count} of ${all}  ${speed}/s${left}`
}
