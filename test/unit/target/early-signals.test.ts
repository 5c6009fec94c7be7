import { afterEach, expect, it, vi } from 'vitest';
import type { SignalForwarding } from '#src/target/signals.ts';

let forwarding: SignalForwarding | undefined;
afterEach(() => {
  forwarding?.stop();
  vi.doUnmock('#src/kernel/procfs/pid-stat.ts');
  vi.resetModules();
});

it('forwards an interrupt from the terminal that arrived before the target was there, and no other', async () => {
  vi.resetModules();
  // As in a terminal: the target is in the foreground group of cmemstat.
  vi.doMock('#src/kernel/procfs/pid-stat.ts', () => ({
    readPidStat: () => ({ ttyNr: 34816, tpgid: 7, pgrp: 7 }),
  }));
  const { bufferSignals, forwardSignals } = await import('#src/target/signals.ts');
  const passOn = vi.fn<(signal: NodeJS.Signals) => void>();
  const buffered = bufferSignals();
  process.emit('SIGINT', 'SIGINT');
  process.emit('SIGWINCH', 'SIGWINCH');
  const actions = { targetPid: () => 8, passOn, killAll: vi.fn() };
  forwarding = forwardSignals(actions, undefined, undefined, buffered);
  expect(passOn.mock.calls).toEqual([['SIGINT'], ['SIGWINCH']]);
  process.emit('SIGWINCH', 'SIGWINCH');
  process.emit('SIGQUIT', 'SIGQUIT');
  expect(passOn).toHaveBeenCalledTimes(2);
});
