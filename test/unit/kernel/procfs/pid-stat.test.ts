import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePidStat, readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { capturedKernels } from '../../captured-kernels.ts';

const REST =
  'S 1 42 40 34816 -1 4194304 75 0 0 0 0 0 0 0 20 0 1 0 98765 2580480 202 18446744073709551615 1 1 0';

describe('parsePidStat', () => {
  it('reads the fields by position', () => {
    expect(parsePidStat(`42 (sh) ${REST}\n`, '/proc/42/stat')).toEqual({
      pid: 42,
      comm: 'sh',
      state: 'S',
      ppid: 1,
      pgrp: 42,
      ttyNr: 34_816,
      tpgid: -1,
      startTime: '98765',
      threads: 1,
      cpuTicks: 0,
      rssPages: 202,
      image: undefined,
    });
  });

  it('sums the CPU time, and distinguishes programs after exec if it may', () => {
    const rest = 'R 1 2 3 0 -1 0 0 0 0 0 120 34 5 6 20 0 7 0 98765 2580480 202 9 4194304 4215432 140723 0 0';
    const stat = parsePidStat(`42 (sh) ${rest}\n`, 'f');
    expect(stat).toMatchObject({
      threads: 7,
      cpuTicks: 154,
      rssPages: 202,
      image: '4194304-4215432-140723',
    });
  });

  it.each(['a b', ') S 7 7', '(((', '))) (', '', 'a\nb', '\u001b[31m', '42 (x) R 1'])(
    'accepts a process named %o',
    (comm) => {
      expect(parsePidStat(`42 (${comm}) ${REST}\n`, 'f')).toMatchObject({ comm, state: 'S', ppid: 1 });
    },
  );

  it('reads any name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (comm) => {
        expect(parsePidStat(`42 (${comm}) ${REST}\n`, 'f')).toMatchObject({
          pid: 42,
          comm,
          startTime: '98765',
        });
      }),
    );
  });

  it('keeps a start time that a double could not represent', () => {
    const text = `42 (sh) ${REST.replace('98765', '18446744073709551615')}`;
    expect(parsePidStat(text, 'f').startTime).toBe('18446744073709551615');
  });

  it.each([
    '',
    '42',
    '42 (sh',
    '42 (sh)',
    '42 sh S 1',
    `42 (sh) ${REST.split(' ').slice(0, 19).join(' ')}\n`,
    `42 (sh) ${REST.split(' ').slice(0, 25).join(' ')}\n`,
    `x (sh) ${REST}`,
    `42 (sh) ${REST.replace('S 1', 'S x')}`,
    `42 (sh) ${REST.replace(' 202 ', ' 1.2.3 ')}`,
  ])('rejects the damaged %o', (text) => {
    expect(() => parsePidStat(text, '/proc/42/stat')).toThrow(
      expect.objectContaining({ operation: 'parse', path: '/proc/42/stat', line: 1 }),
    );
  });

  it.each([...capturedKernels(2), ...capturedKernels(1)])('finds the target on Linux $name', (kernel) => {
    const stat = parsePidStat(kernel.read('proc/target/stat'), 'f');
    expect(stat).toMatchObject({ comm: 'node', state: 'S', ttyNr: 0, tpgid: -1 });
    expect(stat.comm).toBe(kernel.read('proc/target/comm').trimEnd());
    expect(stat.startTime).toMatch(/^\d+$/);
    expect(stat.ppid).toBeLessThan(stat.pid);
    expect(stat.threads).toBeGreaterThan(1);
    expect(stat.rssPages).toBeGreaterThan(1000);
  });
});

describe('readPidStat', () => {
  it('reads our own process', () => {
    expect(readPidStat('self')).toMatchObject({ pid: process.pid, ppid: process.ppid });
  });

  it('throws ENOENT for a process that has ended', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    expect(() => readPidStat(child.pid ?? 0)).toThrow(
      expect.objectContaining({ path: `/proc/${child.pid}/stat`, errno: 'ENOENT' }),
    );
  });
});
