// Where the project is, for tests that read its documents: compiled tests run from `.build/`, but always in the project's folder.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export const projectDirectory = process.cwd()

/** The same as a URL, to be the base of others. */
export const projectUrl = pathToFileURL(join(projectDirectory, '/'))
