import { describe, expect, it } from 'vitest';
import { parseMemoryEvents } from '#src/kernel/cgroup2/memory-events.ts';
import { capturedKernels } from '../../captured-kernels.ts';

describe('parseMemoryEvents', () => {
  it('reads the counters that the kernel has', () => {
    expect(parseMemoryEvents('low 0\nhigh 0\nmax 18\noom 1\noom_kill 1\n', 'f')).toEqual({
      low: 0,
      high: 0,
      max: 18,
      oom: 1,
      oom_kill: 1,
    });
  });

  it('has no oom_group_kill if the kernel prints none', () => {
    expect(parseMemoryEvents('low 0\n', 'f').oom_group_kill).toBeUndefined();
  });

  it.each([
    ['max\n', 1],
    ['low 0\nmax max\n', 2],
    ['low 0\nlow 0\n', 2],
    ['low -1\n', 1],
  ])('reports the line of %o', (text, line) => {
    expect(() => parseMemoryEvents(text, '/leaf/memory.events')).toThrow(
      `/leaf/memory.events, line ${line}: `,
    );
  });
});

describe.each(capturedKernels(2))('memory.events of Linux $name', (kernel) => {
  const events = (file: string) => parseMemoryEvents(kernel.read(`sys/fs/cgroup/${file}`), file);

  it('counts the OOM kill and the limit hits of the leaf, in it and locally', () => {
    for (const file of ['leaf/memory.events', 'leaf/memory.events.local']) {
      expect(events(file)).toMatchObject({ low: 0, high: 0, oom: 1, oom_kill: 1 });
      expect(events(file).max).toBeGreaterThan(0);
    }
  });

  it('counts the OOM kill of a nested cgroup, but not locally', () => {
    expect(events('tree/memory.events').oom_kill).toBe(1);
    expect(events('tree/memory.events.local').oom_kill).toBe(0);
    expect(events('tree/child/memory.events.local').oom_kill).toBe(1);
  });

  it('has oom_group_kill exactly when the kernel is 5.17 or later', () => {
    expect('oom_group_kill' in events('leaf/memory.events')).toBe(kernel.has('5.17'));
  });
});
