// The driver of development: shows the code in the terminal instead of sending it. Refused in production.
import type { Sender } from '../sender.js'

export function createConsoleSender(write: (text: string) => void): Sender {
  return {
    name: 'console',
    async send({ channel, to, code, text, expiresIn }) {
      const heading = `${channel === 'sms' ? 'SMS' : 'Email'} to ${to}`
      const summary = code === undefined ? 'Notice' : `Code ${code}, valid for ${expiresIn} s`
      const lines = [heading, summary, ...text.trimEnd().split('\n')]
      const width = Math.max(...lines.map((line) => line.length))
      const edge = '─'.repeat(width + 2)
      const body = lines.map((line) => `│ ${line.padEnd(width)} │`).join('\n')
      write(`┌${edge}┐\n${body}\n└${edge}┘\n`)
      return {}
    },
  }
}
