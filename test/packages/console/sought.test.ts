// What is pasted into the search of the console.
import t from 'tap'
import { sought } from '../../../packages/console/src/sought.js'

t.test('an address out of the head of a mail or of a link, a phone out of a link; all else stays', async (t) => {
  const found = {
    'Asha Rao <asha.rao@example.com>': 'asha.rao@example.com',
    'mailto:asha.rao@example.com': 'asha.rao@example.com',
    'TEL:+91-98765-43210 ': '+91-98765-43210',
    '<mailto:asha.rao@example.com>': 'asha.rao@example.com',
    ' Asha ': 'Asha',
    'Tel Aviv': 'Tel Aviv',
    '<img src=x>': '<img src=x>',
    '': '',
  }
  for (const [pasted, text] of Object.entries(found)) t.equal(sought(pasted), text, pasted)
})
