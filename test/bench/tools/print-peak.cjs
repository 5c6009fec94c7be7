// Preloaded: prints the maximum memory of the process at exit.
const { readFileSync, writeSync } = require('node:fs');

process.on('exit', () => {
  const line = readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .find((each) => each.startsWith('VmHWM:'));
  writeSync(1, `${line}\n`);
});
