import { fstatSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { createEventFd } from '#src/kernel/bpf/sys/libc.ts';
import { watchEvents1, watchEvents2 } from '#src/sampler/event-watch.ts';
import { makeTree } from '../temporary-tree.ts';

describe('watchEvents1', () => {
  const files = { 'memory.oom_control': 'oom_kill 1\n', 'cgroup.event_control': '' };

  it('notices what happened before a thread waits for it', async () => {
    const eventFd = await createEventFd();
    const onChange = vi.fn();
    const watch = watchEvents1(makeTree(files), eventFd, onChange);
    writeSync(eventFd, new BigUint64Array([1n]));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledWith({ local: { oom_kill: 1 } }, 'eventfd'));
    watch.stop();
    await vi.waitFor(() => expect(() => fstatSync(eventFd)).toThrow('EBADF'));
  });

  it('closes its files at once if it is stopped soon', async () => {
    const eventFd = await createEventFd();
    const watch = watchEvents1(makeTree(files), eventFd, () => {});
    watch.stop();
    expect(() => fstatSync(eventFd)).toThrow('EBADF');
  });
});

describe('watchEvents2', () => {
  it('reads both files again when memory.events changes', async () => {
    const leaf = makeTree({ 'memory.events': 'oom_kill 0\n', 'memory.events.local': 'oom_kill 0\n' });
    const onChange = vi.fn();
    const watch = watchEvents2(leaf, onChange);
    writeFileSync(join(leaf, 'memory.events.local'), 'oom_kill 1\n');
    expect(onChange).not.toHaveBeenCalled();
    // An atomic write: a reader never sees the file empty.
    writeFileSync(join(leaf, 'memory.events'), 'oom_kill 2\n', { flag: 'r+' });
    await vi.waitFor(
      () =>
        expect(onChange).toHaveBeenCalledWith({ events: { oom_kill: 2 }, local: { oom_kill: 1 } }, 'inotify'),
      5000,
    );
    watch.stop();
  });

  it('has no local counters before Linux 5.2', async () => {
    const leaf = makeTree({ 'memory.events': 'max 0\n' });
    const onChange = vi.fn();
    const watch = watchEvents2(leaf, onChange);
    writeFileSync(join(leaf, 'memory.events'), 'max 1\n', { flag: 'r+' });
    await vi.waitFor(
      () => expect(onChange).toHaveBeenCalledWith({ events: { max: 1 }, local: undefined }, 'inotify'),
      5000,
    );
    watch.stop();
  });

  it('emits nothing after it is stopped, also when the leaf is removed', async () => {
    const leaf = makeTree({ 'memory.events': 'max 0\n', other: 'max 1\n' });
    const onChange = vi.fn();
    const watch = watchEvents2(leaf, onChange);
    watch.stop();
    watch.stop();
    renameSync(join(leaf, 'other'), join(leaf, 'memory.events'));
    rmSync(leaf, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(onChange).not.toHaveBeenCalled();
  });
});
