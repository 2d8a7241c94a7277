// tap follows each promise and timer of a process by asynchronous hooks, to name the test that throws outside of what it awaits. Node
// then has to tell it of every promise that is made or collected, which took a tenth of the processor time of the tests. Without it
// such an error ends the process, and the runner tells it as the file's. To be imported ahead of tap.
import hooks, { type AsyncHook } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

const none: AsyncHook = { enable: () => none, disable: () => none }
hooks.createHook = () => none
syncBuiltinESMExports()
