// What an app without the client does, to be written in Swift, Kotlin or Dart the same way: no library, six rules.
export class SignedOut extends Error {}

export class Session {
  #url
  #store
  #refreshing = null

  /** @param store of the keychain or keystore: get, set, remove */
  constructor(url, store) {
    this.#url = url
    this.#store = store
  }

  async sendCode(identifier) {
    return this.#post('/auth/request-otp', { ...identifier, ...(await this.#device()) })
  }

  /** Rule 1: keep `token` and `device_token`, both of them secrets, in the keychain. */
  async verifyCode(identifier, otp) {
    const answer = await this.#post('/auth/verify-otp', { ...identifier, otp, ...(await this.#device()) })
    await this.#store.set('token', answer.token)
    if (answer.device_token) await this.#store.set('device_token', answer.device_token)
    return answer.user
  }

  /**
   * Rule 2: the token goes along as Bearer, to this service and to your own back end.
   * Rule 3: `token_expired` is no end: refresh once, and send once more. However many calls hear it, one refreshes.
   * Rule 4: `unauthorized` is the end: forget the token (not the device token), and show the sign-in.
   * Rule 5: everything else says nothing of the session: no network, 503, 429. Keep the token, and try later.
   */
  async call(method, path, body) {
    const token = await this.#store.get('token')
    if (!token) throw new SignedOut()
    const answer = await this.#send(method, path, body, token)
    if (answer.ok) return answer.json()
    const problem = await answer.json()
    if (problem.code === 'token_expired') {
      await this.#refresh(token)
      return this.call(method, path, body)
    }
    if (problem.code === 'unauthorized') await this.#forget(token)
    throw Object.assign(new Error(problem.detail), problem)
  }

  /** Rule 6: signing out tells the service, and forgets the token also where that is not possible. */
  async signOut() {
    const token = await this.#store.get('token')
    await this.#store.remove('token')
    if (token) await this.#send('POST', '/api/auth/logout', undefined, token)
  }

  async #refresh(ended) {
    this.#refreshing ??= this.#replace(ended).finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  async #replace(ended) {
    // Another call was faster.
    if ((await this.#store.get('token')) !== ended) return
    const answer = await this.#send('POST', '/api/auth/refresh', undefined, ended)
    if (answer.ok) await this.#store.set('token', (await answer.json()).token)
    else if (answer.status === 401) await this.#forget(ended)
    else throw new Error(`The service answered ${answer.status}: try later`)
  }

  async #forget(token) {
    if ((await this.#store.get('token')) === token) await this.#store.remove('token')
    throw new SignedOut()
  }

  async #device() {
    const device_token = await this.#store.get('device_token')
    return device_token ? { device_token } : {}
  }

  async #post(path, body) {
    const answer = await this.#send('POST', path, body)
    const said = await answer.json()
    if (!answer.ok) throw Object.assign(new Error(said.detail), said)
    return said
  }

  #send(method, path, body, token) {
    const headers = {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    }
    return fetch(this.#url + path, { method, headers, body: body && JSON.stringify(body), redirect: 'error' })
  }
}
