// Records out of bytes: however they are cut into pieces, wherever somebody goes on, and whatever is broken between them.
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  FileFault,
  findRecords,
  maxRecord,
  type Place,
  type RawRecord,
  RecordReader,
} from '../../../src/users/import/reader.js'
import { cellsOf, nextCsvRecord, nextLine, nextObject, type Splitter } from '../../../src/users/import/splitters.js'

const folder = t.testdir({})
let files = 0

async function withFile<Result>(
  content: string | Buffer,
  work: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  files += 1
  const file = await open(join(folder, `file-${files}`), 'w+')
  try {
    await file.write(Buffer.from(content as string))
    return await work(file)
  } finally {
    await file.close()
  }
}

const shown = (records: readonly RawRecord[]) =>
  records.map((each) => [each.line, 'text' in each ? each.text : each.fault])

/** All records of a file, one by one; and the same for who goes on after each of them. */
async function readFrom(t: Test, content: string | Buffer) {
  return withFile(content, async (file) => {
    const { layout, place } = await findRecords(file, ['one'])
    const take = (from: Place) => new RecordReader(file, layout, from).take(1_000)
    const records = await take(place)
    for (const [index, { end }] of records.entries()) {
      t.strictSame(shown(await take(end)), shown(records.slice(index + 1)), `on after record ${index + 1}`)
    }
    return shown(records)
  })
}

t.test('lines', async (t) => {
  t.strictSame(await readFrom(t, '\ufeff{"a":1}\r\n\r\n{"a":\n{"b":2}'), [
    [1, '{"a":1}'],
    [3, '{"a":'],
    [4, '{"b":2}'],
  ])
  const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n{"b":"é"}\n')])
  t.strictSame(await readFrom(t, bytes), [
    [1, 'not_utf8'],
    [2, '{"b":"é"}'],
  ])
})

t.test('a list of JSON', async (t) => {
  const objects = ['{"a":"}\\\\\\"{","b":[{}]}', '{\n"c":2\n}']
  for (const [begin, end] of [
    ['[', ']'],
    ['{"users": [\n', '\n]}\n'],
  ] as const) {
    const line = begin.split('\n').length
    t.strictSame(await readFrom(t, `${begin}${objects.join(' ,\n')}${end}`), [
      [line, objects[0]],
      [line + 1, objects[1]],
    ])
  }
  t.strictSame(await readFrom(t, '[{"a":1},\nx,\n{"b":{"c":"'), [
    [1, '{"a":1}'],
    [2, 'not_json'],
    [3, 'not_json'],
  ])
  t.strictSame(await readFrom(t, '[{"a":1},{"b":{}'), [
    [1, '{"a":1}'],
    [1, 'not_json'],
  ])
})

t.test('CSV', async (t) => {
  t.strictSame(await readFrom(t, 'a,"b\r\n""c"""\r\n"d"\n\n"e"x,f\ng,"h"\n"i,\nj,k\n,"",l'), [
    [1, 'a,"b\r\n""c"""'],
    [3, '"d"'],
    [5, 'not_csv'],
    [6, 'g,"h"'],
    [7, 'not_csv'],
    [8, 'j,k'],
    [9, ',"",l'],
  ])
  t.strictSame(await readFrom(t, 'a,"b"'), [[1, 'a,"b"']])
  t.strictSame(await readFrom(t, 'a,"b'), [[1, 'not_csv']])
  t.strictSame(cellsOf('a,"b ""c"", d",,"",e"f'), ['a', 'b "c", d', '', '', 'e"f'])
})

t.test('a record that is too long is passed over, however long it is', async (t) => {
  const [long, veryLong] = ['x'.repeat(maxRecord), 'x'.repeat(2_500_000)]
  t.strictSame(await readFrom(t, `{"a":1}\n${long}\n{"b":2}\n${veryLong}\n{"c":3}\n${veryLong}`), [
    [1, '{"a":1}'],
    [2, 'too_long'],
    [3, '{"b":2}'],
    [4, 'too_long'],
    [5, '{"c":3}'],
    [6, 'too_long'],
  ])
  const unclosed = await withFile(`"${'y\n'.repeat(maxRecord)}`, async (file) => {
    const { layout, place } = await findRecords(file, ['one'])
    return shown(await new RecordReader(file, layout, place).take(3))
  })
  t.strictSame(unclosed, [
    [1, 'too_long'],
    [2, 'y'],
    [3, 'y'],
  ])
})

t.test('pieces of any size give the same records', async (t) => {
  const parts = (split: Splitter, bytes: Buffer, piece: number) => {
    const found: string[] = []
    for (let [at, end] = [0, piece]; at < bytes.length; ) {
      const isLast = end >= bytes.length
      const span = split(bytes.subarray(0, end), at, isLast)
      if (span === undefined) end += piece
      else {
        found.push(span.fault ?? bytes.toString('utf8', span.from, span.to))
        at = span.next
        if (at >= end) end += piece
      }
    }
    return found.filter((text) => text !== '')
  }
  const cell = fc.oneof(fc.string(), fc.constantFrom('"', '""', ',', '\n', '\r\n', 'a"b'))
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 2 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
      (rows, piece) => {
        const records = rows.map((row) => row.map(quoted).join(','))
        t.strictSame(parts(nextCsvRecord, Buffer.from(`${records.join('\r\n')}\r\n`), piece), records)
        for (const [index, record] of records.entries()) t.strictSame(cellsOf(record), rows[index])
        const objects = rows.map((row) => JSON.stringify({ row }, null, piece % 3))
        t.strictSame(parts(nextObject, Buffer.from(`${objects.join(',\n')}]`), piece), objects)
        const lines = rows.map((row) => JSON.stringify({ row }))
        t.strictSame(parts(nextLine, Buffer.from(lines.join('\n')), piece), lines)
      },
    ),
    { numRuns: 40 },
  )
})

t.test('files that are none of ours', async (t) => {
  const refused: [Buffer | string, RegExp][] = [
    ['', /^is empty$/],
    [' \n\n', /^is empty$/],
    [Buffer.from([0x1f, 0x8b, 8]), /^is compressed: gunzip it first$/],
    [Buffer.from('PK\u0003\u0004'), /^is a ZIP archive/],
    [Buffer.from('\ufeffa', 'utf16le'), /^is in UTF-16/],
    ['"id\n1', /^has no line at its beginning that names the columns of CSV$/],
    [Buffer.from([0x61, 0xff, 0x0a]), /^has no line at its beginning/],
  ]
  for (const [content, expected] of refused) {
    await withFile(content, (file) => t.rejects(findRecords(file), { constructor: FileFault, message: expected }))
  }
  t.strictSame((await withFile('id, email\n1,2\n', (file) => findRecords(file))).columns, ['id', 'email'])
})
