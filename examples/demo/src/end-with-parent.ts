/** Loaded into every server: ends it, and all that it has started, if the demo itself is killed and cannot do so. */
process.once('disconnect', () => process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL'))
process.channel?.unref() // this listener alone does not keep the server running
