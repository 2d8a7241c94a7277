// The words of a message.
export type MessageParts = Readonly<{ appName: string; code: string /** seconds */; expiresIn: number }>

/** What the person reads. Nothing in it is written by a stranger: only the operator's name of the app and the code. */
export function codeMessage({ appName, code, expiresIn }: MessageParts): string {
  const minutes = Math.max(1, Math.floor(expiresIn / 60))
  return `${code} is your ${appName} code, valid for ${minutes} min. Never share it.`
}
