// The widgets of Turnstile and hCaptcha on the page, under the policy that lets them in. Both are played: their script, the frame that it
// puts into the page, and the call by which the service verifies a token.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { HTTPRequest } from 'puppeteer-core'
import { listen, startProcess } from './service.js'
import { afterAll, newEmail, newVisitor, test } from './support.js'

/** Where each has its script and its frame, and how it names itself. */
const providers = {
  turnstile: { script: 'https://challenges.cloudflare.com', frame: 'https://challenges.cloudflare.com/frame' },
  hcaptcha: { script: 'https://js.hcaptcha.com', frame: 'https://newassets.hcaptcha.com/frame' },
}

/** What the provider's server is asked. */
const verified: string[] = []
const verifier = createServer(async (request, answer) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const response = new URLSearchParams(body).get('response') ?? (JSON.parse(body || '{}').response as string)
  verified.push(response)
  answer.setHeader('content-type', 'application/json').end(JSON.stringify({ success: response === 'a-token' }))
})
const { port, stop: stopVerifier } = await listen(verifier)
const verifyUrl = `http://127.0.0.1:${port}/siteverify`
afterAll(stopVerifier)

for (const [provider, { script, frame }] of Object.entries(providers)) {
  const { origin, stop } = await startProcess({
    CHALLENGE: provider,
    CHALLENGE_WHEN: 'always',
    CHALLENGE_SITE_KEY: 'a-site',
    CHALLENGE_SECRET: 'a secret of the provider',
    CHALLENGE_VERIFY_URL: verifyUrl,
  })
  afterAll(stop)

  /** The widget: a frame of its own origin, whose message is the token. */
  const widget = `window.${provider} = {
    render(place, options) {
      const frame = document.createElement('iframe')
      frame.src = '${frame}?' + options.sitekey
      addEventListener('message', ({ origin, data }) => origin === new URL('${frame}').origin && options.callback(data))
      place.append(frame)
    },
  }`
  const answers = (request: HTTPRequest) => {
    const url = request.url()
    if (url.startsWith(`${script}/`) && !url.startsWith(frame)) {
      return request.respond({ contentType: 'text/javascript', body: widget })
    }
    if (!url.startsWith(frame)) return request.continue()
    const token = url.endsWith('?a-site') ? 'a-token' : 'another site'
    return request.respond({ contentType: 'text/html', body: `<script>parent.postMessage('${token}', '*')</script>` })
  }

  test(`${provider}: the widget gives a token, and the code is sent`, async () => {
    const visitor = await newVisitor(origin, { others: [script, new URL(frame).origin] })
    await visitor.page.setRequestInterception(true)
    visitor.page.on('request', (request) => void answers(request))
    await visitor.page.goto(`${origin}/sign-in`)
    const email = newEmail()
    await visitor.type('#identifier', email)
    await visitor.click('.primary')
    await visitor.find('#code')
    await visitor.type('#code', await visitor.lastCode())
    await visitor.find('.card[data-step="account"]')
    await visitor.see(email)
    assert.equal(verified.at(-1), 'a-token')
    assert.equal(await visitor.page.$('dialog'), null)
    await visitor.leave()
  })
}
