// Which view a step has.
import type { PhonePrefix } from '../client.js'
import type { Step } from '../steps.js'
import { codeView } from './code-view.js'
import { identifyView, type Typed } from './identify-view.js'
import { offerView } from './offer-view.js'
import { doneView, presentView, recycledView } from './other-views.js'
import { signupView } from './signup-view.js'
import type { Context, View } from './view.js'

export function viewOfStep(context: Context, step: Step, prefixes: readonly PhonePrefix[], typed: Typed): View {
  switch (step.name) {
    case 'code':
      return codeView(context, step)
    case 'signup':
      return signupView(context)
    case 'present':
      return presentView(context, step.user)
    case 'recycled':
      return recycledView(context, step)
    case 'offer':
      return offerView(context)
    case 'done':
      return doneView(context, step)
    default:
      return identifyView(context, prefixes, typed)
  }
}
