// Counting what networks bill.
import t from 'tap'
import { smsSize } from '../../src/messaging/templates/sms-text.js'

t.test('GSM-7 has 160 septets, its extension table costs two each', async (t) => {
  t.strictSame(smsSize(''), { encoding: 'GSM-7', units: 0, segments: 1 })
  t.strictSame(smsSize('é'.repeat(160)), { encoding: 'GSM-7', units: 160, segments: 1 })
  t.strictSame(smsSize('a'.repeat(161)), { encoding: 'GSM-7', units: 161, segments: 2 })
  t.strictSame(smsSize('€'.repeat(80)), { encoding: 'GSM-7', units: 160, segments: 1 })
  t.strictSame(smsSize('€'.repeat(81)), { encoding: 'GSM-7', units: 162, segments: 2 })
  t.match(smsSize('^{}\\[~]|€\f'), { encoding: 'GSM-7', units: 20 })
  t.match(smsSize('@domain #123456\n_/'), { encoding: 'GSM-7', units: 18 })
  t.match(smsSize(`${'a'.repeat(306)}`), { segments: 2 })
  t.match(smsSize(`${'a'.repeat(307)}`), { segments: 3 })
  t.match(smsSize(`${'a'.repeat(152)}€${'a'.repeat(152)}`), { units: 306, segments: 3 }, 'no escape is cut in two')
})

t.test('one other character makes it 70 code units of UCS-2', async (t) => {
  for (const character of ['á', 'ç', 'क', '—', '`', '\u00a0', '\u200e'])
    t.equal(smsSize(character).encoding, 'UCS-2', character)
  t.strictSame(smsSize('क'.repeat(70)), { encoding: 'UCS-2', units: 70, segments: 1 })
  t.strictSame(smsSize(`${'a'.repeat(70)}क`), { encoding: 'UCS-2', units: 71, segments: 2 })
  t.strictSame(smsSize('😀'.repeat(35)), { encoding: 'UCS-2', units: 70, segments: 1 })
  t.match(smsSize(`${'€'.repeat(69)}क`), { units: 70, segments: 1 })
  t.match(smsSize('क'.repeat(134)), { segments: 2 })
  t.match(smsSize('क'.repeat(135)), { segments: 3 })
  t.match(smsSize(`${'a'.repeat(66)}😀${'क'.repeat(66)}`), { units: 134, segments: 3 }, 'no pair is cut in two')
})
