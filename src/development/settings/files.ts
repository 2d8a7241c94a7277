// Every file that is made of the table of settings.
import { chartSchema } from './chart.js'
import { settingsDocument } from './document.js'
import { exampleFile } from './example.js'

/** The texts of the files, by their paths from the root of the project. */
export function settingsFiles(): Readonly<Record<string, string>> {
  return {
    '.env.example': exampleFile(),
    'docs/settings.md': settingsDocument(),
    'deploy/chart/values.schema.json': chartSchema(),
  }
}
