// Runs tsx's command line, and ends it with the process that started it, however that one ends: a watcher left behind
// would keep the port.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
await import(import.meta.resolve('tsx/cli'))
