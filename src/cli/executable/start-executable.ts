/** The script of the single executable, in place of `bin/cmemstat.js`. */
import { isHolderCommand, runHolder } from '../../sampler/explain/memory-holder-script.ts';
import { start } from '../start.ts';
import { openAddon } from './native-addon.ts';
import { leaveChannel } from './parent-channel.ts';

/** Packages, and what stands for them: a chunk, or a function that loads one. */
const PACKAGES = {
  koffi: openAddon,
  'blessed/lib/tput.js': 'package-tput.cjs',
  'blessed/lib/program.js': 'package-program.cjs',
  pidusage: 'package-pidusage.cjs',
};

// As in `bin/cmemstat.js`: without a listener Node.js would open its debugger. Its option `--disable-sigusr1`
// would leave the signal blocked, for the target as well.
process.on('SIGUSR1', () => {
  if (process.listenerCount('SIGUSR1') === 1) process.exit(138);
});
leaveChannel(process);
// Node.js has ignored it. The target gets it: the kernel has kept the environment as it was.
delete process.env.NODE_OPTIONS;
// `ownCommand` in src/kernel/files/program-files.ts reads it.
process.argv[1] = process.execPath;
if (isHolderCommand(process.argv)) runHolder(require, openAddon);
else start(process.execPath, PACKAGES);
