// One connection that many reads share. What is asked in one turn of the event loop goes out in one write, and nobody waits for
// the answer of the one before (pipelining): docs/decisions/0018-reads-share-a-connection.md
import type { ClientConfig, QueryConfig, QueryResult } from 'pg'
import { PromptClient, waits } from './prompt-client.js'

type Line = {
  readonly client: PromptClient
  readonly ready: Promise<unknown>
  /** when each of those who wait asked, the first one first: answers come in this order */
  readonly askedAt: number[]
  isWatched: boolean
}

export type Pipeline = ReturnType<typeof createPipeline>

/** Only for statements that wait for no row: who comes behind one waits as well. */
export function createPipeline(connection: ClientConfig) {
  let line: Line | undefined

  /** A line that broke is replaced for the next one who asks. */
  function open(): Line {
    const client = new PromptClient({ ...connection, pipeline: true })
    const opened: Line = { client, ready: client.connect(), askedAt: [], isWatched: false }
    const forget = () => {
      if (line === opened) line = undefined
    }
    client.on('error', forget)
    client.on('end', forget)
    opened.ready.catch(forget)
    return opened
  }

  async function query(config: QueryConfig): Promise<QueryResult> {
    line ??= open()
    const used = line
    const { client, ready, askedAt } = used
    await ready
    gather(client)
    askedAt.push(performance.now())
    if (!used.isWatched) watch(used, waits.silence)
    try {
      return await client.query(config)
    } finally {
      askedAt.shift()
    }
  }

  async function end(): Promise<void> {
    await line?.client.end()
  }

  return { query, end }
}

/** Keeps what is written until everybody has asked who does so in this turn. */
function gather({ socket }: PromptClient): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  setImmediate(() => socket.uncork())
}

/** Gives up a connection on which somebody has waited for too long: an answer to another one is none to them. */
function watch(line: Line, milliseconds: number): void {
  line.isWatched = true
  const timer = setTimeout(() => {
    const [oldest] = line.askedAt
    const left = oldest === undefined ? undefined : oldest + waits.silence - performance.now()
    if (left === undefined) line.isWatched = false
    else if (left > 0) watch(line, left)
    else line.client.giveUp()
  }, milliseconds)
  timer.unref()
}
