// What is wrong with settings or words, as whoever starts the service reads it.
import { ConfigError } from '../../src/config/reader.js'

/** The problems that reading them tells, a line each; none where they are accepted. */
export function problemsThrownBy(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
