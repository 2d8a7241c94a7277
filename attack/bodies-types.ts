// B. Content types, charsets and compressions that parsers disagree about.

import { type Attack, onEachFlow } from './support/context.js'
import type { Answer } from './support/http.js'

function contentTypes(
  id: string,
  tried: string,
  make: () => Record<string, string>[],
  allowed: (number | string)[],
): Attack {
  return onEachFlow(id, tried, async ({ service, flow, allOf, equal }) => {
    const answers: Answer[] = []
    const before = service.gateway.messages.length
    for (const headers of make()) {
      const body = JSON.stringify({ ...flow.newPerson().fields, role: 'ADMIN' })
      answers.push(await service.ask('POST', flow.sendPath, { raw: body, headers }))
    }
    allOf('answers', answers, allowed)
    equal('messages', service.gateway.messages.length - before, 0)
  })
}

const type = (value: string, more = {}) => ({ 'content-type': value, ...more })

export const types: readonly Attack[] = [
  contentTypes(
    'B11',
    'other charsets, compressed bodies',
    () => [
      type('application/json; charset=utf-16'),
      type('application/json; charset=iso-8859-1'),
      type('application/json;charset="utf-7"'),
      ...['gzip', 'br', 'deflate', 'x'].map((encoding) => type('application/json', { 'content-encoding': encoding })),
    ],
    ['415 unsupported_media_type'],
  ),
  // Each body has a field too many: a type that slips past the schema would be answered with 200.
  contentTypes(
    'B12',
    'content types by which a schema was skipped elsewhere',
    () => [
      type('APPLICATION/JSON'),
      type('application/json\t'),
      type('application/json ; charset=utf-8'),
      type(' application/json'),
      type('application/json, text/plain'),
      type('application/json/x'),
      type('application/jsonx'),
      type('application/json;a'),
      type('application/problem+json'),
      type('application/json\ta'),
      type('text/json'),
    ],
    ['400 validation_failed', '415 unsupported_media_type'],
  ),
]
