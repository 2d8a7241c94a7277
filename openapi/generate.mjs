// Writes what four generators make of ../openapi.json into generated/, each with the options that its own guide begins with.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { readWords } from '../scripts/parts/words.mjs'

const document = '../openapi.json'

const generators = {
  'hey-api': async () => {
    const { createClient } = await import('@hey-api/openapi-ts')
    await createClient({
      input: document,
      output: { path: 'generated/hey-api' },
      logs: { level: 'silent' },
    })
  },

  'openapi-typescript': async () => {
    const { default: openapiTypescript, astToString } = await import('openapi-typescript')
    const tree = await openapiTypescript(new URL(document, import.meta.url))
    // A .ts, since a .d.ts is not checked where libraries are not.
    await mkdir('generated/openapi-typescript', { recursive: true })
    await writeFile('generated/openapi-typescript/schema.ts', astToString(tree))
  },

  orval: async () => {
    const { generate } = await import('orval')
    await generate({
      input: { target: document },
      output: {
        target: 'generated/orval/client.ts',
        client: 'fetch',
        override: { mutator: { path: 'clients/orval-fetch.ts', name: 'callService' } },
      },
    })
  },

  kubb: async () => {
    const { build } = await import('@kubb/core')
    const { pluginClient } = await import('@kubb/plugin-client')
    const { pluginOas } = await import('@kubb/plugin-oas')
    const { pluginTs } = await import('@kubb/plugin-ts')
    const { error, failedPlugins } = await build({
      config: {
        root: '.',
        input: { path: document },
        output: { path: 'generated/kubb', clean: true },
        plugins: [
          pluginOas({ generators: [], validate: false }),
          pluginTs({ output: { path: 'types' } }),
          pluginClient({ output: { path: 'calls' }, client: 'fetch', dataReturnType: 'full' }),
        ],
      },
    })
    const [failed] = failedPlugins
    if (error ?? failed) throw error ?? failed.error
  },
}

const usage = `Usage: node openapi/generate.mjs ${Object.keys(generators).join('|')}

Writes what that generator makes of openapi.json into generated/.`
const [wanted] = readWords(usage, { accepts: (word) => Object.hasOwn(generators, word) }).words
if (wanted !== undefined) {
  await rm(`generated/${wanted}`, { recursive: true, force: true })
  await generators[wanted]()
}
