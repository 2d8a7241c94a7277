// What an admin can do about a user, each after a dialog that asks why.
import type { Standing, User } from '../api.js'
import { type Ask, ask } from '../dialog.js'
import { button, h, nameOf, note } from '../parts.js'
import type { Surroundings } from '../surroundings.js'
import { forgetUser } from './users.js'

export function actions(
  around: Surroundings,
  user: User,
  standing: Standing,
  reload: () => Promise<void>,
): HTMLElement {
  const { text, api, me, go } = around
  const { own } = text
  if (user.id === me.id) return note(own.own)
  const { id } = user
  const isDisabled = standing.disabled_at !== null
  const target = nameOf(user)

  const action = (options: Omit<Ask, 'target'>, then: () => Promise<void> | void = reload) =>
    button(
      options.action,
      async () => {
        if (await ask(around, { ...options, target })) await then()
      },
      options.isDangerous ? 'plain severe' : 'plain',
    )

  return h(
    'div',
    { class: 'actions' },
    action({
      action: own.unlock,
      lead: own.do_unlock,
      isDangerous: false,
      run: (reason) => api.unlock(id, reason),
    }),
    action({
      action: own.sign_out_all,
      lead: own.do_sign_out,
      isDangerous: false,
      run: (reason) => api.endSessions(id, reason),
    }),
    action({
      action: isDisabled ? own.enable : own.disable,
      lead: isDisabled ? own.do_enable : own.do_disable,
      isDangerous: !isDisabled,
      run: (reason) => api.setDisabled(id, !isDisabled, reason),
    }),
    action(
      {
        action: own.delete,
        lead: own.do_delete,
        isDangerous: true,
        typed: user.phone ?? user.email ?? target,
        run: (reason) => api.remove(id, reason),
      },
      () => {
        forgetUser(id)
        go({ name: 'users' })
        around.announce(own.done)
      },
    ),
  )
}
