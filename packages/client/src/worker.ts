// The other side of challenge.ts.
import type { ProofOfWork } from './errors.js'
import { solve } from './solve.js'

declare const self: { onmessage: (event: { data: ProofOfWork }) => void; postMessage(message: object): void }

self.onmessage = ({ data }) => {
  solve(data).then(
    (solution) => self.postMessage({ solution }),
    (error: Error) => self.postMessage({ error: error.message }),
  )
}
