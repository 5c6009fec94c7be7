import { describe, expect, it } from 'vitest';
import { parseOomKills } from '#src/kernel/cgroup1/oom-control.ts';
import { capturedKernels } from '../../captured-kernels.ts';

describe('parseOomKills', () => {
  it('reads the count', () => {
    expect(parseOomKills('oom_kill_disable 0\nunder_oom 1\noom_kill 3\n', 'f')).toBe(3);
  });

  it('is undefined before Linux 4.13', () => {
    expect(parseOomKills('oom_kill_disable 0\nunder_oom 0\n', 'f')).toBeUndefined();
  });

  it.each([
    ['oom_kill\n', 1],
    ['under_oom 0\noom_kill -1\n', 2],
    ['oom_kill 1\noom_kill 1\n', 2],
  ])('reports the line of %o', (text, line) => {
    expect(() => parseOomKills(text, '/leaf/memory.oom_control')).toThrow(
      `/leaf/memory.oom_control, line ${line}: `,
    );
  });

  it.each(capturedKernels(1))('counts the kill in the leaf of Linux $name', (kernel) => {
    const text = kernel.read('sys/fs/cgroup/memory/leaf/memory.oom_control');
    expect(parseOomKills(text, 'f')).toBe(1);
  });
});
