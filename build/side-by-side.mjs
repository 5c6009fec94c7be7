// `node build/side-by-side.mjs SCRIPT...`: runs npm scripts in parallel, prints the output of each when it
// has ended, and fails if one fails. All of them run to completion: every fault is shown at once.

import { spawn } from 'node:child_process';

/** Runs one script; its output is printed at once. */
function run(script) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve(print(error.message, 1)));
    child.on('close', (code, signal) => resolve(print(Buffer.concat(chunks).toString(), code ?? signal)));
  });

  function print(output, status) {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const verdict = status === 0 ? `${seconds} s` : `FAILED with ${status} after ${seconds} s`;
    process.stdout.write(`== ${script}: ${verdict}\n${output.trimEnd()}${output.trim() === '' ? '' : '\n'}`);
    return status === 0;
  }
}

const results = await Promise.all(process.argv.slice(2).map(run));
process.exitCode = results.length > 0 && results.every(Boolean) ? 0 : 1;
