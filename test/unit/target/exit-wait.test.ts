import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT_TIMEOUT_MS, ExitWait, untilStarted } from '#src/target/exit-wait.ts';
import type { Target } from '#src/target/launch-request.ts';

const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'hrtime'] as const;

const never = new Promise<never>(() => {});

describe('ExitWait', () => {
  const waits: ExitWait[] = [];
  const make = () => {
    vi.useFakeTimers({ toFake: [...TIMERS] });
    const wait = new ExitWait();
    waits.push(wait);
    return wait;
  };
  afterEach(() => {
    for (const wait of waits.splice(0)) wait.close();
    vi.useRealTimers();
  });

  it('gives the value that is there in time', async () => {
    expect(await make().until(Promise.resolve(5))).toBe(5);
  });

  it('is over some time after the first kill, and not before', async () => {
    const wait = make();
    vi.advanceTimersByTime(EXIT_TIMEOUT_MS * 2);
    expect(wait.isOver).toBe(false);
    wait.begin();
    vi.advanceTimersByTime(EXIT_TIMEOUT_MS - 1);
    wait.begin();
    expect(wait.isOver).toBe(false);
    vi.advanceTimersByTime(1);
    expect(wait.isOver).toBe(true);
    expect(await wait.until(never)).toBeUndefined();
  });

  it('a signal ends it, after a second at the earliest', () => {
    const wait = make();
    wait.begin();
    process.emit('SIGTERM', 'SIGTERM');
    vi.advanceTimersByTime(900);
    expect(wait.isOver).toBe(false);
    vi.advanceTimersByTime(100);
    expect(wait.isOver).toBe(true);
  });

  it('listens to signals only until it is closed', () => {
    const before = process.listenerCount('SIGTERM');
    const wait = make();
    wait.begin();
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    wait.close();
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});

describe('untilStarted', () => {
  // A target that does not start is killed a second after the signal.
  beforeEach(() => void vi.useFakeTimers({ toFake: [...TIMERS] }));
  afterEach(() => void vi.useRealTimers());

  const pending = (ending: NodeJS.Signals | undefined) => {
    const kills: string[] = [];
    return {
      kills,
      start: {
        command: ['a'],
        leaf: { killOnce: () => void kills.push('leaf') },
        buffered: { ending, flush: () => [] },
      },
    };
  };
  const target = (kill: () => void) => ({ pid: 1, kill }) as unknown as Target;

  it('gives the target', async () => {
    const wait = new ExitWait();
    const started = target(() => {});
    expect(await untilStarted(started, pending('SIGTERM').start, wait)).toBe(started);
    expect(wait.isOver).toBe(false);
  });

  it('after a signal, kills what does not become the target', async () => {
    const wait = new ExitWait();
    const { start, kills } = pending('SIGTERM');
    const starting = new Promise<Target>((resolve) => {
      start.leaf.killOnce = () => {
        kills.push('leaf');
        resolve(target(() => kills.push('target')));
      };
    });
    const outcome = expect(untilStarted(starting, start, wait)).rejects.toMatchObject({
      code: 'LAUNCH',
      exitCode: 143,
    });
    await vi.advanceTimersByTimeAsync(900);
    expect(kills).toEqual([]);
    await vi.advanceTimersByTimeAsync(300);
    await outcome;
    expect(kills).toEqual(['leaf', 'target']);
    wait.close();
  });

  it('does not wait for ever for what cannot be killed', async () => {
    const wait = new ExitWait(1);
    const outcome = expect(untilStarted(never, pending('SIGINT').start, wait)).rejects.toMatchObject({
      exitCode: 130,
    });
    await vi.advanceTimersByTimeAsync(1200);
    await outcome;
    wait.close();
  });
});
