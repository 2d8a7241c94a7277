// What a call's statements are filled with, as far as it can be known from outside the service: computed by the service's own
// functions, at its own cost. A value that is none of these and nothing the service makes up stops the recording.
import { keyedDigest } from '../../dist/database/hmac.js'
import { clientAddress } from '../../dist/http/address.js'
import { createCodes } from '../../dist/otp/code.js'

export function createFacts(pepper) {
  const codes = createCodes([pepper], 6)
  const bindingOf = (identifier) => ({ purpose: 'sign_in', channel: 'sms', identifier })

  const digestOf = (block) => Buffer.from(keyedDigest(pepper, 'ip:v1', block)).toString('base64url')

  const common = (identifier, network, requestId) => ({
    identifier,
    identifierHash: keyedDigest(pepper, 'event:v1', identifier),
    network,
    requestId,
  })

  return {
    draft: (identifier) => codes.draft(bindingOf(identifier)),
    codeOf: (identifier, stored, drafted) => codes.recover(bindingOf(identifier), stored, drafted),
    hashOf: (identifier, code) => codes.forStorage(bindingOf(identifier), code),
    ofSend: (identifier, { codeSeed, codeHash }, address, requestId) => {
      const { block, neighbours, network } = clientAddress(address)
      const digest = digestOf(block)
      return {
        ...common(identifier, network, requestId),
        codeSeed,
        codeHash,
        sendCounter: `send_ip:${digest}`,
        unknownCounter: `unknown_ip:${digest}`,
        neighboursCounter: `send_net:${digestOf(neighbours)}`,
      }
    },
    ofVerify: (identifier, code, address, requestId) => {
      const { block, network } = clientAddress(address)
      return {
        ...common(identifier, network, requestId),
        codeHash: codes.forStorage(bindingOf(identifier), code),
        verifyCounter: `verify_ip:${digestOf(block)}`,
      }
    },
  }
}
