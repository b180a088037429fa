/** Loaded into every server: ends it, and all it has started, when the demo is gone without having had the time to do so. */
process.once('disconnect', () => process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL'))
process.channel?.unref() // listening alone keeps no server up
