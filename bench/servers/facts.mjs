// What a call's statements are filled with, as far as it can be known from outside the service: computed by the service's own
// functions, at its own cost. A value that is none of these and nothing the service makes up stops the recording.
import { keyedDigest } from '../../dist/database/keyed-digest.js'
import { clientBlock, truncatedNetwork } from '../../dist/http/address.js'
import { createCodes } from '../../dist/otp/code.js'

export function createFacts(pepper) {
  const codes = createCodes([pepper], 6)
  const bindingOf = (identifier) => ({ purpose: 'sign_in', channel: 'sms', identifier })

  function counterKey(name, address) {
    const digest = Buffer.from(keyedDigest(pepper, 'ip:v1', clientBlock(address)))
    return `${name}:${digest.toString('base64url')}`
  }

  function common(identifier, address, requestId) {
    return {
      identifier,
      identifierHash: keyedDigest(pepper, 'event:v1', identifier),
      network: truncatedNetwork(address),
      requestId,
    }
  }

  return {
    draft: (identifier) => codes.draft(bindingOf(identifier)),
    codeOf: (identifier, stored) => codes.recover(bindingOf(identifier), stored),
    hashOf: (identifier, code) => codes.forStorage(bindingOf(identifier), code),
    ofSend: (identifier, { codeSeed, codeHash }, address, requestId) => ({
      ...common(identifier, address, requestId),
      codeSeed,
      codeHash,
      sendCounter: counterKey('send_ip', address),
      unknownCounter: counterKey('unknown_ip', address),
    }),
    ofVerify: (identifier, code, address, requestId) => ({
      ...common(identifier, address, requestId),
      codeHash: codes.forStorage(bindingOf(identifier), code),
      verifyCounter: counterKey('verify_ip', address),
    }),
  }
}
