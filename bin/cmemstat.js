#!//usr/bin/env -S -u CMEMSTAT_NODE "CMEMSTAT_NODE=${NODE_CHANNEL_FD} ${NODE_OPTIONS}" NODE_CHANNEL_FD= NODE_OPTIONS= node
// These variables are for the target: src/target/environment.ts restores them. The second slash prevents that
// pnpm, which writes a shell script with this line, takes -u for the program. Linux before 5.1 reads at most
// 127 characters of it. ES5 only: versions of Node.js that are too old for the program must be able to parse
// this file and report it.
'use strict';

// Only set if Node.js was started without the first line.
if (/--inspect/.test(process.env.NODE_OPTIONS)) require('inspector').close();

// Without a listener Node.js would open its debugger, to which any user of this host could connect.
process.on('SIGUSR1', endUnlessMeasuring);

function endUnlessMeasuring() {
  // While a command is measured there is another listener, which forwards the signal.
  if (process.listeners('SIGUSR1').length === 1) process.exit(138);
}

var dist = __dirname.replace(/bin$/, 'dist');

function fail(message) {
  process.stderr.write('cmemstat: ' + message + '\n');
  process.exit(125);
}

function isBuilt() {
  var exists = require('fs').existsSync;
  return exists(dist + '/start.cjs') && exists(dist + '/cmemstat.cjs');
}

// A clone, or a package that npm installed.
function repairHint() {
  var root = __dirname.replace(/\/bin$/, '');
  return require('fs').existsSync(root + '/src')
    ? 'run npm ci in ' + root
    : 'install it again: npm install --global cmemstat';
}

function start() {
  try {
    require('../dist/start.cjs').start(dist);
  } catch (error) {
    if (error.code === 'EMFILE') fail('too many files are open (hint: ulimit -n 1024)');
    if (isBuilt()) throw error;
    fail('not built: ' + dist + ' is missing or incomplete (hint: ' + repairHint() + ')');
  }
}

// The same number as "engines" in package.json.
if (parseInt(process.versions.node, 10) < 20) {
  fail('Node.js ' + process.versions.node + ' is not supported (hint: install Node.js 20 or later)');
} else {
  start();
}
