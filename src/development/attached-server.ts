// The service as it was built, which ends with the process that started it, however that one ends: it would keep the port.
import { startService } from '../server.js'

process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
await startService()
