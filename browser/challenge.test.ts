// A challenge is solved in a worker, while a line says so.
import assert from 'node:assert/strict'
import { afterAll, newEmail, newVisitor, startService, test } from './support.js'

const { origin, stop } = await startService({ CHALLENGE_WHEN: 'always' })
afterAll(stop)

test('the person sees that something is done, and gets the code', async () => {
  const visitor = await newVisitor(origin)
  const workers: string[] = []
  visitor.page.on('workercreated', (worker) => workers.push(worker.url()))
  await visitor.open()
  await visitor.page.evaluate(`{
    const { shadowRoot } = document.querySelector('latchkey-sign-in')
    window.shown = []
    new MutationObserver(() => {
      const line = shadowRoot.querySelector('.primary')?.textContent
      if (shadowRoot.querySelector('.progress:not([hidden])') && !window.shown.includes(line)) window.shown.push(line)
    }).observe(shadowRoot, { subtree: true, childList: true, attributes: true, characterData: true })
  }`)
  await visitor.type('#identifier', newEmail())
  await visitor.click('.primary')
  await visitor.type('#code', await visitor.lastCode())
  await visitor.find('.section')
  assert.deepEqual(await visitor.page.evaluate('window.shown'), ['Running a short security check…'])
  assert.deepEqual(workers, [`${origin}/sign-in/assets/worker.js`])
  await visitor.leave()
})
