// Writes what four generators make of ../openapi.json into generated/, each with the options that its own guide begins with.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createClient } from '@hey-api/openapi-ts'
import { build } from '@kubb/core'
import { pluginClient } from '@kubb/plugin-client'
import { pluginOas } from '@kubb/plugin-oas'
import { pluginTs } from '@kubb/plugin-ts'
import openapiTypescript, { astToString } from 'openapi-typescript'
import { generate as orval } from 'orval'

const document = '../openapi.json'

const generators = {
  'hey-api': () =>
    createClient({
      input: document,
      output: { path: 'generated/hey-api' },
      logs: { level: 'silent' },
    }),

  'openapi-typescript': async () => {
    const tree = await openapiTypescript(new URL(document, import.meta.url))
    // A .ts, since a .d.ts is not checked where libraries are not.
    await mkdir('generated/openapi-typescript', { recursive: true })
    await writeFile('generated/openapi-typescript/schema.ts', astToString(tree))
  },

  orval: () =>
    orval({
      input: { target: document },
      output: {
        target: 'generated/orval/client.ts',
        client: 'fetch',
        override: { mutator: { path: 'clients/orval-fetch.ts', name: 'callService' } },
      },
    }),

  kubb: async () => {
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

const wanted = process.argv[2]
await rm(`generated/${wanted}`, { recursive: true, force: true })
await generators[wanted]()
