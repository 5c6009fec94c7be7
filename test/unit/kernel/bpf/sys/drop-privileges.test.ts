import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { decodeCapabilities, encodeCapabilities, maskOf } from '#src/kernel/bpf/sys/drop-privileges.ts';
import { NODE_PATH } from '../../../../bundle.ts';
import { source } from '../../../../paths.ts';

it('capabilities of both words are read and written', () => {
  const sets = {
    effective: maskOf(['CAP_BPF', 'CAP_DAC_READ_SEARCH']),
    permitted: 0xff_ffff_ffffn,
    inheritable: 0n,
  };
  const words = encodeCapabilities(sets);
  expect([...words]).toEqual([4, 0xffff_ffff, 0, 0x80, 0xff, 0]);
  expect(decodeCapabilities(words)).toEqual(sets);
});

const PROGRAM = `
  import { readFileSync } from 'node:fs';
  import { Worker } from 'node:worker_threads';
  import { keepCapabilities } from ${JSON.stringify(source('kernel/bpf/sys/drop-privileges.ts'))};
  const read = (file) =>
    Object.fromEntries(
      [...readFileSync(file, 'utf8').matchAll(/^(Cap(?:Inh|Prm|Eff|Amb)|NoNewPrivs):\\s*(\\S+)$/gm)].map((m) => [m[1], m[2]]),
    );
  const before = read('/proc/thread-self/status');
  await keepCapabilities(['CAP_BPF', 'CAP_PERFMON']);
  const after = read('/proc/thread-self/status');
  const code = "require('node:worker_threads').parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/status','utf8'))";
  const thread = new Worker(code, { eval: true, execArgv: [] });
  thread.on('message', (text) => {
    const later = /^CapEff:\\s*(\\S+)$/m.exec(text)[1];
    console.log(JSON.stringify({ before, after, later }));
  });
`;

it('only those that are kept remain, also in threads that are started later', () => {
  const text = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROGRAM], {
    encoding: 'utf8',
    cwd: `${NODE_PATH}/..`,
  });
  const { before, after, later } = JSON.parse(text) as Record<string, Record<string, string>>;
  const kept = BigInt(`0x${before?.CapPrm}`) & maskOf(['CAP_BPF', 'CAP_PERFMON']);
  const mask = kept.toString(16).padStart(16, '0');
  const none = '0'.repeat(16);
  expect(after).toEqual({ CapInh: none, CapPrm: mask, CapEff: mask, CapAmb: none, NoNewPrivs: '1' });
  expect(later).toBe(mask);
});
