import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OutputWait } from '#src/output/output-wait.ts';

const never = new Promise<void>(() => {});

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

it('waits until the output is written, and leaves no listener behind', async () => {
  const before = process.listenerCount('SIGTERM');
  const wait = new OutputWait();
  await wait.until(Promise.resolve());
  expect(wait.endedBy).toBeUndefined();
  expect(process.listenerCount('SIGTERM')).toBe(before);
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends at %s, and does not wait again', async (signal) => {
  const before = process.listenerCount(signal);
  const wait = new OutputWait();
  const waiting = wait.until(never);
  process.emit(signal, signal);
  await waiting;
  expect(wait.endedBy).toBe(signal);
  await wait.until(never);
  expect(process.listenerCount(signal)).toBe(before);
});

it('reports a failure of the output', async () => {
  await expect(new OutputWait().until(Promise.reject(new Error('full')))).rejects.toThrow('full');
});

it('ends some time after a signal that ended the target', async () => {
  const wait = new OutputWait();
  const waiting = wait.until(never, { received: 'SIGTERM', limitMs: 10_000, view: undefined });
  vi.advanceTimersByTime(9_999);
  expect(wait.endedBy).toBeUndefined();
  vi.advanceTimersByTime(1);
  await waiting;
  expect(wait.endedBy).toBe('SIGTERM');
});

it('leaves a signal to a view that is shown', async () => {
  const wait = new OutputWait();
  const view = { hasKeyboard: true };
  const waiting = wait.until(never, { received: undefined, limitMs: undefined, view });
  process.emit('SIGHUP', 'SIGHUP');
  expect(wait.endedBy).toBeUndefined();
  view.hasKeyboard = false;
  process.emit('SIGTERM', 'SIGTERM');
  await waiting;
  expect(wait.endedBy).toBe('SIGTERM');
});
