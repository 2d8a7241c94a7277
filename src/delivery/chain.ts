// Sends a message through the first driver that takes it, in the order of the settings, within a bounded time.
import { DeliveryRefused, type Message, type Sender } from './sender.js'

/** Milliseconds that a whole delivery may take, and that a driver may while there is another one to try. */
const deliveryTime = { total: 5_000, driver: 3_000 }

export type DeliveryReport = Readonly<
  | { outcome: 'accepted'; driver: string; messageId: string | undefined }
  /** no driver let it out */
  | { outcome: 'refused' }
  /** none confirmed it, but one may have let it out */
  | { outcome: 'uncertain' }
>

export type FailedAttempt = Readonly<{ driver: string; channel: Message['channel']; refused: boolean; error: unknown }>

export type Delivery = ReturnType<typeof createDelivery>

export type DeliveryOptions = Readonly<{
  /** the drivers of each channel, in the order in which they are tried */
  senders: Readonly<Record<Message['channel'], readonly Sender[]>>
  onFailure: (attempt: FailedAttempt) => void
  time?: typeof deliveryTime
}>

export function createDelivery({ senders, onFailure, time = deliveryTime }: DeliveryOptions) {
  async function send(message: Message): Promise<DeliveryReport> {
    const end = performance.now() + time.total
    const chain = senders[message.channel]
    let outcome: 'refused' | 'uncertain' = 'refused'
    for (const sender of chain) {
      const left = end - performance.now()
      if (left < 1) break
      const share = sender === chain.at(-1) ? left : Math.min(left, time.driver)
      try {
        const { messageId } = await within(share, (signal) => sender.send(message, signal))
        return { outcome: 'accepted', driver: sender.name, messageId }
      } catch (error) {
        const refused = error instanceof DeliveryRefused
        if (!refused) outcome = 'uncertain'
        onFailure({ driver: sender.name, channel: message.channel, refused, error })
      }
    }
    return { outcome }
  }

  return { send }
}

/** Ends with the work or with its time, also where a driver ignores its signal. */
async function within<Result>(milliseconds: number, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`no answer within ${Math.round(milliseconds)} ms`)
      controller.abort(error)
      reject(error)
    }, Math.ceil(milliseconds))
  })
  try {
    return await Promise.race([work(controller.signal), timeout])
  } finally {
    clearTimeout(timer)
  }
}
