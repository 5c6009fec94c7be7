/** Former faults of src: each test fails if its fault returns. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { directoryOf } from '#src/cgroup/hierarchy.ts';
import { rejectSharedPlaces, runPlaces } from '#src/cli/options/places.ts';
import type { RunFlags } from '#src/cli/options/run-flags.ts';
import { LaunchError, UsageError } from '#src/errors.ts';
import { safeText } from '#src/format/safe-text.ts';
import { formatDuration } from '#src/format/units.ts';
import { parsePressure } from '#src/kernel/cgroup2/pressure.ts';
import { parseFlatKeyed } from '#src/kernel/flat-keyed.ts';
import { FIELDS } from '#src/model/field-catalogue.ts';
import { TableSink } from '#src/output/table.ts';
import { BpfClock } from '#src/sampler/bpf/bpf-clock.ts';
import { findExecutable } from '#src/target/find-executable.ts';
import { forwardSignals } from '#src/target/signals.ts';
import { openStreams } from '#src/target/standard-streams.ts';
import { resolveUser } from '#src/target/user.ts';
import { cgroup2 } from './output/records.ts';
import { play } from './output/render.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('src/target/signals.ts and src/cli/options/run-flags.ts', () => {
  it('--kill-after of more than 24 days does not kill at once', async () => {
    const killAll = vi.fn();
    const actions = { targetPid: () => undefined, passOn: () => {}, killAll };
    const forwarding = forwardSignals(actions, 597 * 3_600_000);
    process.emit('SIGTERM', 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 20));
    forwarding.stop();
    expect(killAll).not.toHaveBeenCalled();
  });
});

describe('src/sampler/bpf/bpf-clock.ts', () => {
  it('BPF memory is read at every tick when both clocks have the same interval', async () => {
    let ms = 0;
    const none = { maps: { count: 0, memlock: 0 }, programs: { count: 0, memlock: 0 } };
    const totals = { attribution: 'held' as const, host: none, held: none };
    const collect = () => ({ totals, maps: undefined });
    const clock = await BpfClock.open(
      1000,
      () => ms,
      async () => ({ collect, close: () => {} }),
    );
    const read = [0, 1000.2, 1999.5, 3000.1].filter((at) => {
      // setTimeout truncates fractions of a millisecond: a tick may be up to 1 ms early.
      ms = at;
      return clock.read(() => [], at === 0) !== undefined;
    });
    expect(read).toEqual([0, 1000.2, 1999.5, 3000.1]);
  });
});

describe('src/model/field-catalogue.ts', () => {
  it('pagetables is in memory.stat since Linux 5.11: 5.10 does not have it', () => {
    expect(FIELDS.find(({ id }) => id === 'pagetables')?.since).toBe('5.11');
  });
});

describe('src/kernel', () => {
  it.each(['constructor', 'toString', '__proto__'])('a key named %s is an ordinary key', (key) => {
    expect(Object.entries(parseFlatKeyed(`${key} 1\n`, 'f'))).toEqual([[key, 1]]);
  });
});

describe('src/cgroup/hierarchy.ts', () => {
  it('a cgroup whose name begins with two dots is not above our cgroup namespace', () => {
    expect(directoryOf({ root: '/', mountPoint: '/m' }, '/..hidden')).toBe('/m/..hidden');
  });
});

describe('src/format', () => {
  it.each([
    [999.6, '1.0s'],
    [59_960, '1m00s'],
  ])('%d ms is %s: rounding does not leave the unit', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('the Arabic letter mark changes the direction of text like the others', () => {
    expect(safeText('a\u061cb')).toBe('a\\u061cb');
  });
});

describe('src/sinks', () => {
  it('--bytes keeps a blank between two columns of 100 GB', async () => {
    const bytes = 123_456_789_012;
    const sample = {
      type: 'sample',
      elapsedMs: 0,
      reason: 'tick',
      current: bytes,
      workingset: bytes,
    } as const;
    const style = { plainBytes: true, quiet: false, noSummary: false };
    const text = await play({ ...cgroup2, records: [sample] }, (writer) => new TableSink(writer, style));
    expect(text).toContain(`${bytes} ${bytes}`);
  });

  it('a single program is in the singular', async () => {
    const style = { plainBytes: false, quiet: true, noSummary: false };
    const text = await play(cgroup2, (writer) => new TableSink(writer, style));
    expect(text).toMatch(/, 1 program \d/);
  });
});

describe('src/target/user.ts', () => {
  it('an entry of /etc/passwd without a uid does not make the target root', () => {
    expect(() =>
      resolveUser('broken', { find: () => 'broken:x:::::'.split(':'), groupsOf: () => [] }),
    ).toThrow();
  });
});

describe('two outputs into one file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-same-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a');

  it('are rejected for --output and --summary-json, under any path', () => {
    const places = runPlaces({ output: file, summaryJson: `${folder}/./a` } as RunFlags);
    expect(() => rejectSharedPlaces(places)).toThrow(UsageError);
  });

  it('are opened once for --stdout and --stderr', async () => {
    const { stdio, close } = await openStreams(
      { stdout: file, stderr: `${folder}/./a` },
      { stdoutToStderr: false, forView: false, readsNothing: false },
    );
    close();
    expect(stdio[1]).toBe(stdio[2]);
  });
});

describe('src/kernel and src/target', () => {
  it('a duplicate pressure line is rejected', () => {
    const some = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0';
    expect(() => parsePressure(`${some}\n${some}\n`, 'f')).toThrow('line 2');
  });

  it('a file with a trailing slash is not a command', () => {
    expect(() => findExecutable('/bin/sh/', '', '/')).toThrow(LaunchError);
  });
});
