// An example of a driver: drops each SMS as a file into a folder, where the program of a GSM modem picks it up.
import { randomUUID } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DeliveryRefused, type Sender } from '../../src/messaging/sender.js'

export type OutboxSettings = Readonly<{ name: 'outbox'; folder: string }>

export function createOutboxSender({ folder }: Omit<OutboxSettings, 'name'>): Sender {
  return {
    name: 'outbox',
    async send({ channel, to, text }, signal) {
      if (channel !== 'sms') throw new DeliveryRefused('outbox carries SMS alone')
      const messageId = randomUUID()
      const draft = join(folder, `.${messageId}`)
      try {
        await writeFile(draft, JSON.stringify({ to, text }), { mode: 0o600, signal })
      } catch (error) {
        // Nobody picks up a draft, so the message certainly did not go out.
        throw new DeliveryRefused('outbox cannot write', error)
      }
      // Whole or not at all: from here on the modem may have it, and an error leaves that open.
      await rename(draft, join(folder, `${messageId}.json`))
      return { messageId }
    },
  }
}
