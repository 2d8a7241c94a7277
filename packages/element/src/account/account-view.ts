// The account page: what somebody can do for themselves (docs/self-service.md). It is a file of its own, loaded when it is shown.
import type { Client, PhonePrefix } from '../client.js'
import { h } from '../h.js'
import { problemOf } from '../problems.js'
import { css } from '../styles/account.css'
import { type Context, linkButton } from '../views/view.js'
import { addresses } from './addresses.js'
import { data } from './data.js'
import { identifiers } from './identifiers.js'
import { passkeys } from './passkeys.js'
import { profile } from './profile.js'
import { sessions } from './sessions.js'
import { withProof } from './step-up.js'
import type { Surroundings } from './surroundings.js'

export const styles = css

export type AccountOptions = {
  client: Client
  countries: readonly PhonePrefix[]
  passkeys: boolean
  leave: Surroundings['leave']
}

export function accountView(
  context: Context,
  { client, countries, passkeys: hasPasskeys, leave }: AccountOptions,
): HTMLElement {
  const { text, flow, options, announce } = context
  const { words } = text
  const sections = h('div', { class: 'sections' })
  const root = h(
    'div',
    { class: 'account' },
    sections,
    h(
      'div',
      { class: 'more' },
      linkButton(words.sign_out, () => void flow.signOut()),
    ),
  )

  async function load(): Promise<void> {
    try {
      const me = await client.me()
      const around: Surroundings = {
        text,
        client,
        codeLength: options.codeLength,
        countries,
        country: options.country ?? 'IN',
        me,
        announce,
        passkeys: hasPasskeys,
        leave,
        proven: (run) =>
          withProof({ text, client, codeLength: options.codeLength, me, passkeys: hasPasskeys }, root, run),
        reload: async (section) => {
          await load()
          root.querySelector<HTMLElement>(`#${section}-title`)?.focus()
        },
      }
      const ofSessions = await sessions(around)
      const ofPasskeys = hasPasskeys ? [await passkeys(around)] : []
      sections.replaceChildren(
        profile(around),
        identifiers(around),
        ...ofPasskeys,
        addresses(around),
        ofSessions,
        data(around),
      )
    } catch (error) {
      leave({ problem: problemOf(error) })
    }
  }

  void load()
  return root
}
