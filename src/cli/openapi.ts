// The OpenAPI document of this version, for generators of clients: `latchkey openapi`.
import { readFile } from 'node:fs/promises'
import { defineCommand, type WorkContext } from './command.js'
import { openapi as declared } from './declarations.js'
import { writeOut } from './output-file.js'

export const openapiCommand = defineCommand(declared, printDocument)

async function printDocument({ values, print, printError }: WorkContext<typeof declared.options>): Promise<number> {
  const text = await readFile(new URL('../../openapi.json', import.meta.url), 'utf8')
  if (values.output === undefined) {
    print(text.trimEnd())
    return 0
  }
  await writeOut(values.output, { force: values.force, mode: 0o644 }, (file) => file.writeFile(text))
  printError(`wrote ${values.output}`)
  return 0
}
