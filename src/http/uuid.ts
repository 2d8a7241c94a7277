// How an id is written in paths, tokens and cursors (RFC 9562 §4).

const uuidOf = (digit: string) => `^${digit}{8}(-${digit}{4}){3}-${digit}{12}$`

/** As we write it: in lower case. */
export const uuidPattern = uuidOf('[0-9a-f]')

/** As anybody may write it. */
export const anyCaseUuidPattern = uuidOf('[0-9a-fA-F]')
