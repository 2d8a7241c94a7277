// Sending a sign-in code: what both flows do when somebody asks for one.
import type { Config } from '../config/config.js'
import type { Delivery } from '../delivery/chain.js'
import { codeMessage } from '../delivery/messages.js'
import { Problem } from '../errors.js'
import { channelOf, type Identifier } from '../identifiers/parser.js'
import type { OtpService } from '../otp/service.js'

export type SentCode = {
  /** seconds */
  expires_in: number
  /** seconds */
  resend_after: number
  attempts_allowed: number
  otp?: string
}

export type SendCode = ReturnType<typeof createSendCode>

type SendCodeDependencies = {
  otp: OtpService
  delivery: Delivery
  appName: string
  settings: Pick<Config['otp'], 'echo'>
  locale: string
}

export function createSendCode({ otp, delivery, appName, settings, locale }: SendCodeDependencies) {
  /**
   * Issues a code and delivers it.
   * @throws Problem `rate_limited` with a true Retry-After, `delivery_failed`
   */
  return async function sendCode(identifier: Identifier): Promise<SentCode> {
    const request = { purpose: 'sign_in', identifier } as const
    const issued = await otp.issue(request)
    if (issued.outcome === 'refused') throw new Problem('rate_limited', { retryAfter: issued.retryAfter })

    const { code, codeId, expiresIn, resendAfter, attemptsAllowed } = issued
    const { outcome } = await delivery.send({
      channel: channelOf(identifier),
      to: identifier.identifier,
      code,
      text: codeMessage({ appName, code, expiresIn }),
      locale,
      expiresIn,
    })
    // What certainly did not go out costs nothing; what may have gone out keeps its count, or it would be free SMS for all.
    if (outcome === 'refused') await otp.returnSend(request, codeId)
    if (outcome !== 'accepted') throw new Problem('delivery_failed')
    return {
      expires_in: expiresIn,
      resend_after: resendAfter,
      attempts_allowed: attemptsAllowed,
      ...(settings.echo && { otp: code }),
    }
  }
}
