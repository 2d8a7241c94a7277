// A user as another system's export tells of them, before anything of it is checked.
import type { Fields, Values } from './values.js'

export type DraftIdentifier = Readonly<{
  text: string
  /** whether that system says that it was proved there */
  isVerified: boolean
  /** since when, where it tells */
  verifiedAt?: Date | undefined
  /** when it was last proved, where that is told */
  usedAt?: Date | undefined
}>

export type Draft = Readonly<{
  id: string
  phone?: DraftIdentifier | undefined
  email?: DraftIdentifier | undefined
  name?: string | undefined
  isDisabled: boolean
  disabledAt?: Date | undefined
  createdAt?: Date | undefined
  updatedAt?: Date | undefined
  locale?: string | undefined
  /** what the product keeps with them */
  publicMetadata?: unknown
  /** who had the rights of an admin there, which nobody is given here */
  isAdmin?: boolean
}>

/** Why somebody is left out who is nobody that could sign in. */
export type LeftOut = 'deleted' | 'anonymous'

/** What is known of a system's export. */
export type PeerMap = Readonly<{
  name: string
  /** whether a record is one of its users */
  isUser: (record: Fields) => boolean
  /** the columns of CSV that has no header, in their order */
  columns?: readonly string[]
  /** whether it is a service like this one, which has checked what it tells */
  isOwn?: true
  /** takes off what it writes around its texts */
  plain?: (text: string) => string
  /** what cannot be read is noted in the values themselves */
  read: (values: Values) => Draft | LeftOut
}>
