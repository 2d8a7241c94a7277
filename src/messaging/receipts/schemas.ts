// What both routes of receipts say of themselves in the OpenAPI document.
import { Type } from '@sinclair/typebox'
import { forgery } from '../../http/flood-guard.js'
import type { DocumentedError } from '../../http/responses.js'

export const receiptTag = 'Delivery receipts'

export const NothingMore = Type.Null({ description: 'Taken, or known already' })

export const receiptErrors: readonly DocumentedError[] = [
  forgery,
  'payload_too_large',
  'unsupported_media_type',
  'service_unavailable',
]
