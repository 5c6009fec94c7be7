/** No cryptography and no network protocol: the modules that Node.js has loaded when a command ends. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { PROJECT } from '../../paths.ts';
import {
  agent,
  BINARY,
  isGuest,
  needs,
  type Outcome,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { bare, needsScript, shellQuote } from '../terminal.ts';

const HOOK = join(PROJECT, 'build/loaded-modules.cjs');

/** Names of `process.moduleLoadList`: modules and bindings, their internal parts included. */
const UNWANTED = /\b(?:internal\/)?(?:crypto|tls|_tls\w*|http|_http\w*|https|http2|quic)\b/;

interface Loaded extends Outcome {
  unwanted: string[];
  modules: string[];
}

function readLoaded(file: string): Pick<Loaded, 'modules' | 'unwanted'> {
  const { modules } = JSON.parse(readFileSync(file, 'utf8')) as { modules: string[] };
  return { modules, unwanted: modules.filter((name) => UNWANTED.test(name)) };
}

/** Runs Node.js with the hook; `cache` is the directory of the caches. */
async function load(args: readonly string[], cache = mkdtempSync(join(scratch, 'cache-'))): Promise<Loaded> {
  const file = join(mkdtempSync(join(scratch, 'loaded-')), 'modules.json');
  const env = { LOADED_MODULES: file, XDG_CACHE_HOME: cache };
  const outcome = await start(process.execPath, ['--require', HOOK, ...args], { input: '', env }).ended;
  return { ...outcome, ...readLoaded(file) };
}

describe('the modules of Node.js that are loaded', () => {
  for (const name of ['crypto', 'tls', 'http', 'https', 'http2']) {
    testWithoutKernel([], `would include ${name}`, async () => {
      const { unwanted } = await load(['-e', `require('${name}')`]);
      expect(unwanted).toContain(`NativeModule ${name}`);
    });
  }

  for (const [what, args] of [
    ['doctor', ['doctor']],
    ['doctor --json', ['doctor', '--json']],
    ['help', ['--help']],
    ['a wrong command line', ['--nope', '--', 'true']],
    ['a command that is not there', ['--', '/nonexistent']],
  ] as const) {
    testWithoutKernel([], `include no cryptography and no HTTP in ${what}`, async () => {
      expect((await load([BINARY, ...args])).unwanted).toEqual([]);
    });
  }

  testWithoutKernel(
    [needs.root],
    'include none of these in maps, with cold and with warm caches',
    async () => {
      const cache = mkdtempSync(join(scratch, 'cache-'));
      for (const args of [
        ['maps'],
        ['maps', '--json'],
        ['maps', '--json'],
        ['maps', '--group-by', 'comm', '--advise'],
        ['maps', '--html', join(scratch, 'maps.html')],
      ]) {
        const { status, unwanted, stderr } = await load([BINARY, ...args], cache);
        expect(stderr).toBe('');
        expect(status).toBe(0);
        expect(unwanted).toEqual([]);
      }
    },
  );

  testWithoutKernel([], 'include none of these in a run that sums the process tree', async () => {
    const { status, unwanted } = await load([BINARY, '--placement', 'process-tree', '--', 'sleep', '0.3']);
    expect(status).toBe(0);
    expect(unwanted).toEqual([]);
  });

  testWithoutKernel([], 'include no processes, sockets and streams in a short run', async () => {
    const cache = mkdtempSync(join(scratch, 'cache-'));
    // On a slow host the run is long enough to prepare BPF programs that are not in the cache yet.
    await load([BINARY, 'maps'], cache);
    const { status, modules } = await load([BINARY, '-q', '--', 'true'], cache);
    expect(status).toBe(0);
    expect(modules).toContain('NativeModule os');
    const slow = /^NativeModule (?:child_process|net|tty|dgram|stream|timers\/promises)$/;
    expect(modules.filter((name) => slow.test(name))).toEqual([]);
  });

  testWith(
    [needs.cgroup, needs.root, needs.attribution],
    'include none of these in a run with BPF maps, with cold and with warm caches',
    async () => {
      const cache = mkdtempSync(join(scratch, 'cache-'));
      const recording = join(cache, 'run.jsonl');
      const args = [
        '--interval',
        '100ms',
        '--bpf-interval',
        '100ms',
        '--output',
        recording,
        '--budget',
        'anon<=1GiB',
      ];
      // With a cold cache an emulated guest takes seconds to relocate the BPF programs, without samples in
      // between.
      const seconds = isGuest ? 12 : 2;
      for (const _ of ['cold', 'warm']) {
        const { status, unwanted, stderr, modules } = await load(
          [BINARY, ...args, '--', ...agent(seconds)],
          cache,
        );
        expect(status).toBe(0);
        expect(stderr).toMatch(/flows {2}hash/);
        expect(modules).toContain('NativeModule os');
        expect(unwanted).toEqual([]);
      }
    },
  );

  testWithoutKernel([needs.cgroup, needsScript], 'include none of these in the terminal view', async () => {
    const file = join(mkdtempSync(join(scratch, 'loaded-')), 'modules.json');
    const words = [process.execPath, '--require', HOOK, BINARY, '--exit-on-end', '--', 'sleep', '1'];
    const pty = bare({ command: words.map(shellQuote).join(' '), env: { LOADED_MODULES: file } });
    expect(await pty.ended()).toContain('␛[?1049h');
    expect(readLoaded(file).unwanted).toEqual([]);
  });
});
