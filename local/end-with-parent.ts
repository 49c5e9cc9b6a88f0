// Loaded first by each service of the local cloud (`node --import`): however the cloud ends, by Ctrl-C in the middle of its start,
// with its terminal or by SIGKILL, no service stays behind on its port.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
// The channel alone keeps no process alive.
process.channel?.unref()
