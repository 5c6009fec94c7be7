import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bufferSignals, forwardSignals, type SignalForwarding } from '#src/target/signals.ts';
import { required } from '../../required.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

let target: ChildProcess;
let forwarding: SignalForwarding | undefined;
let targetPid: number | undefined;
const passOn = vi.fn<(signal: NodeJS.Signals) => void>();
const killAll = vi.fn<() => void>();

const forward = (killAfterMs?: number) => {
  forwarding = forwardSignals({ targetPid: () => targetPid, passOn, killAll }, killAfterMs);
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  passOn.mockClear();
  killAll.mockClear();
  // A separate process group: input on our terminal does not reach it.
  target = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  targetPid = target.pid;
});
afterEach(async () => {
  forwarding?.stop();
  vi.useRealTimers();
  target.kill('SIGKILL');
  if (target.signalCode === null) await once(target, 'exit');
});

/** Signals that request nothing. */
const NOTICES = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGURG'] as const;
/** Signals that would end us, and that are not used to end a program. */
const FATAL = ['SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGXCPU', 'SIGSYS', 'SIGIO', 'SIGPWR', 'SIGABRT'] as const;

describe('forwardSignals', () => {
  it.each(NOTICES)('forwards %s without other effects', (signal) => {
    forward(10);
    process.emit(signal, signal);
    vi.advanceTimersByTime(1000);
    expect(passOn.mock.calls).toEqual([[signal]]);
    expect(killAll).not.toHaveBeenCalled();
    expect(required(forwarding).received).toBeUndefined();
  });

  it.each(FATAL)('forwards %s, and kills a target that does not end', (signal) => {
    forward(10);
    process.emit(signal, signal);
    expect(passOn.mock.calls).toEqual([[signal]]);
    expect(forwarding?.received).toBe(signal);
    vi.advanceTimersByTime(10);
    expect(killAll).toHaveBeenCalledTimes(1);
  });

  it('survives each of them', async () => {
    forward();
    for (const signal of [...FATAL, ...NOTICES]) process.kill(process.pid, signal);
    await vi.waitFor(() => expect(passOn).toHaveBeenCalledTimes(FATAL.length + NOTICES.length));
  });

  it('first forwards the buffered signals, in order', () => {
    const buffered = bufferSignals();
    process.emit('SIGUSR1', 'SIGUSR1');
    expect(buffered.ending).toBeUndefined();
    process.emit('SIGTERM', 'SIGTERM');
    process.emit('SIGALRM', 'SIGALRM');
    expect(buffered.ending).toBe('SIGTERM');
    forwarding = forwardSignals({ targetPid: () => targetPid, passOn, killAll }, 10, undefined, buffered);
    expect(passOn.mock.calls).toEqual([['SIGUSR1'], ['SIGTERM'], ['SIGALRM']]);
    expect(forwarding.received).toBe('SIGTERM');
    expect(buffered.flush()).toEqual([]);
  });

  it.each(SIGNALS)('forwards %s unchanged', (signal) => {
    forward();
    process.emit(signal, signal);
    expect(passOn.mock.calls).toEqual([[signal]]);
    expect(killAll).not.toHaveBeenCalled();
  });

  it('forwards a real signal', async () => {
    forward();
    process.kill(process.pid, 'SIGHUP');
    await vi.waitFor(() => expect(passOn).toHaveBeenCalledWith('SIGHUP'));
  });

  it('forwards every SIGTERM', () => {
    forward();
    for (let count = 0; count < 3; count += 1) process.emit('SIGTERM', 'SIGTERM');
    expect(passOn).toHaveBeenCalledTimes(3);
    expect(killAll).not.toHaveBeenCalled();
  });

  it('kills everything at the second SIGINT', () => {
    forward();
    process.emit('SIGINT', 'SIGINT');
    expect(killAll).not.toHaveBeenCalled();
    process.emit('SIGINT', 'SIGINT');
    expect(killAll).toHaveBeenCalledTimes(1);
    expect(passOn).toHaveBeenCalledTimes(1);
  });

  it('kills everything when the time after the first signal has passed, once', () => {
    forward(10_000);
    vi.advanceTimersByTime(60_000);
    process.emit('SIGTERM', 'SIGTERM');
    vi.advanceTimersByTime(6_000);
    process.emit('SIGTERM', 'SIGTERM');
    vi.advanceTimersByTime(3_999);
    expect(killAll).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(killAll).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(killAll).toHaveBeenCalledTimes(1);
  });

  it('waits without limit if no time is set', () => {
    forward(undefined);
    process.emit('SIGTERM', 'SIGTERM');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does nothing after it is stopped', () => {
    const before = SIGNALS.map((signal) => process.listenerCount(signal));
    forward(10);
    process.emit('SIGTERM', 'SIGTERM');
    forwarding?.stop();
    vi.advanceTimersByTime(1000);
    expect(killAll).not.toHaveBeenCalled();
    expect(SIGNALS.map((signal) => process.listenerCount(signal))).toEqual(before);
  });

  it('leaves signals after the end of the target to the actions', () => {
    targetPid = undefined;
    forward();
    process.emit('SIGINT', 'SIGINT');
    process.emit('SIGTERM', 'SIGTERM');
    expect(passOn.mock.calls).toEqual([['SIGINT'], ['SIGTERM']]);
  });

  it('does not forward an interrupt to a target that has ended', async () => {
    target.kill('SIGKILL');
    await once(target, 'exit');
    forward();
    process.emit('SIGINT', 'SIGINT');
    expect(passOn).not.toHaveBeenCalled();
  });
});
