// Solves challenges in a worker, so that a page stays as quick as it was; without one where there is none.
import type { ProofOfWork } from './errors.js'
import { type Solution, solveChallenge as solveHere } from './solve.js'
import type { ChallengeSolution } from './types.js'

type SolvingWorker = {
  onmessage: ((event: { data: { solution: Solution } | { error: string } }) => void) | null
  onerror: (() => void) | null
  postMessage(challenge: ProofOfWork): void
  terminate(): void
}

// The name has to stand in `new Worker(new URL(…, import.meta.url))` as it is: by that bundlers find the file.
declare const Worker: (new (url: URL, options: { type: 'module' }) => SolvingWorker) | undefined

/**
 * What goes into `challenge_solution`.
 * @throws Error where it cannot be solved, or the signal's reason
 */
export async function solveChallenge(challenge: ProofOfWork, signal?: AbortSignal): Promise<ChallengeSolution> {
  if (signal?.aborted) throw signal.reason
  const worker = startWorker()
  if (!worker) return solveHere(challenge, signal)
  try {
    const answer = await new Promise<{ solution?: Solution; error?: string }>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      worker.onmessage = ({ data }) => resolve(data)
      // It did not load: another origin, a policy (CSP worker-src), a bundler that left it out.
      worker.onerror = () => resolve({})
      worker.postMessage(challenge)
    })
    if (answer.error !== undefined) throw new Error(answer.error)
    if (answer.solution) return { challenge, solution: answer.solution }
  } finally {
    worker.terminate()
  }
  return solveHere(challenge, signal)
}

function startWorker(): SolvingWorker | null {
  if (typeof Worker === 'undefined') return null
  try {
    return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  } catch {
    return null
  }
}
