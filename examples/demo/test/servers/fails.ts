console.error('nothing works today')
process.exitCode = 3
