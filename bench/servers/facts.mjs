// What a call's statements are filled with, as far as it can be known from outside the service: computed by the service's own
// functions, at its own cost. A value that is none of these and nothing the service makes up stops the recording.
import { keyedDigest } from '../../dist/database/keyed-digest.js'
import { clientBlock, truncatedNetwork } from '../../dist/http/address.js'
import { createCodeHasher } from '../../dist/otp/code.js'

export function createFacts(pepper) {
  const hasher = createCodeHasher([pepper])

  function counterKey(name, address) {
    const digest = Buffer.from(keyedDigest(pepper, 'ip:v1', clientBlock(address)))
    return `${name}:${digest.toString('base64url')}`
  }

  function common(identifier, code, address, requestId) {
    return {
      identifier,
      codeHash: hasher.forStorage({ purpose: 'sign_in', channel: 'sms', identifier }, code),
      identifierHash: keyedDigest(pepper, 'event:v1', identifier),
      network: truncatedNetwork(address),
      requestId,
    }
  }

  return {
    ofSend: (identifier, code, address, requestId) => ({
      ...common(identifier, code, address, requestId),
      sendCounter: counterKey('send_ip', address),
      unknownCounter: counterKey('unknown_ip', address),
    }),
    ofVerify: (identifier, code, address, requestId) => ({
      ...common(identifier, code, address, requestId),
      verifyCounter: counterKey('verify_ip', address),
    }),
  }
}
