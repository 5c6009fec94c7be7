// Writes dist/cmemstat.cache: runs a short command under the bundle, then keeps the code that V8 compiled for it. A cache
// is a help and no part of the program: without one everything works, a little slower.
const { spawnSync } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { compileBundle } = require('../dist/start.cjs');

const bundle = join(__dirname, '../dist/cmemstat.cjs');
const inChild = '--in-child';

if (process.argv[2] === inChild) {
  process.argv = [process.argv[0], bundle, '--quiet', '--', 'true'];
  const { script, evaluate } = compileBundle(bundle);
  process.on('exit', () => {
    // V8 refuses a cache that was made under other flags than it is used under.
    setFlagsFromString('--semi-space-growth-factor=2');
    writeFileSync(join(__dirname, '../dist/cmemstat.cache'), script.createCachedData());
  });
  evaluate();
} else {
  spawnSync(process.execPath, [__filename, inChild], { stdio: 'ignore', timeout: 30_000 });
}
