import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { RecordLine } from '#src/model/recording.ts';
import { openPlayer } from '#src/recording/recording-player.ts';
import { cgroup2 } from '../output/records.ts';

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-player-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Sums the records, so that a record that is missed or applied twice is detected. */
class Sum {
  records = 0;
  current = 0;
  lastMs = 0;
  readonly onApply: (() => void) | undefined;

  constructor(onApply?: () => void) {
    this.onApply = onApply;
  }

  apply(record: RecordLine): void {
    this.onApply?.();
    this.records += 1;
    if (record.type !== 'sample') return;
    this.current += record.current ?? 0;
    this.lastMs = record.elapsedMs;
  }

  clone(): Sum {
    return Object.assign(new Sum(this.onApply), { ...this });
  }
}

const line = (record: unknown) => `${JSON.stringify(record)}\n`;
const sample = (elapsedMs: number, current: number, stat: Record<string, number> = {}) => ({
  type: 'sample',
  elapsedMs,
  reason: 'tick',
  current,
  stat,
});
const summary = { ...cgroup2.summary, durationMs: 1005 };

function fileOf(lines: readonly unknown[]): string {
  files += 1;
  const path = join(folder, `${files}.jsonl`);
  writeFileSync(path, lines.map(line).join(''));
  return path;
}

/** Ten samples, 100 ms apart; the fourth is the highest. */
const TEN = Array.from({ length: 10 }, (_, index) => sample((index + 1) * 100, index === 3 ? 99 : index));
const event = (elapsedMs: number) => ({ type: 'event', elapsedMs, event: 'oom_kill' });
const SMALL = [
  cgroup2.start,
  ...TEN.slice(0, 5),
  event(520),
  ...TEN.slice(5, 8),
  event(820),
  ...TEN.slice(8),
  summary,
];

describe('a player', () => {
  it('describes the run', async () => {
    const player = await openPlayer(fileOf(SMALL), () => new Sum());
    expect(player.start).toEqual(cgroup2.start);
    expect(player.summary).toEqual(summary);
    expect(player.endMs).toBe(1005);
    expect(player.peakMs).toBe(400);
    expect([player.sampleCount, player.eventCount]).toEqual([10, 2]);
    expect(player.counts).toEqual({ lines: 14, damaged: 0, unknown: 0 });
    expect(player.following).toBe(false);
    player.close();
    player.close();
  });

  it.each([
    ['after it', [5, 30, 50, 5], 300],
    ['before it, where that is the larger one', [5, 60, 5, 5], 200],
    ['that has it', [5, 30, 80, 5], 300],
  ])("uses the kernel's own time of the peak: the sample %s", async (_, currents, ms) => {
    const marks = [10, 60, 80, 80];
    const samples = currents.map((current, at) => ({
      ...sample((at + 1) * 100, current),
      peak: marks[at],
    }));
    const player = await openPlayer(fileOf([cgroup2.start, ...samples, summary]), () => new Sum());
    expect(player.peakMs).toBe(ms);
    player.close();
  });

  it('plays a single run: several in one file would overlap', async () => {
    const path = fileOf([...SMALL, ...SMALL]);
    await expect(openPlayer(path, () => new Sum())).rejects.toThrow(
      `${path}: contains more than one run, and a replay shows only one`,
    );
  });

  it('accepts only regular files, and does not wait for pipes', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '-', folder, '/dev/null'])
      await expect(openPlayer(path, () => new Sum())).rejects.toThrow(
        `${path}: only a regular file can be replayed`,
      );
  });

  it('steps from sample to sample and from event to event', async () => {
    const player = await openPlayer(fileOf(SMALL), () => new Sum());
    expect([player.nextSample(0), player.nextSample(100), player.nextSample(150)]).toEqual([100, 200, 200]);
    expect([player.previousSample(100), player.previousSample(150)]).toEqual([undefined, 100]);
    expect([player.previousSample(200), player.nextSample(1000)]).toEqual([100, undefined]);
    expect([player.nextEvent(0), player.nextEvent(520), player.nextEvent(820)]).toEqual([
      520,
      820,
      undefined,
    ]);
    expect([player.previousEvent(2000), player.previousEvent(820)]).toEqual([820, 520]);
    player.close();
  });

  it('seeks to a moment: everything up to it, and nothing after it', async () => {
    const player = await openPlayer(fileOf(SMALL), () => new Sum());
    expect(player.seek(0)).toMatchObject({ records: 1, lastMs: 0 });
    expect(player.seek(250)).toMatchObject({ records: 3, lastMs: 200 });
    expect(player.seek(520)).toMatchObject({ records: 7, lastMs: 500 });
    expect(player.seek(100)).toMatchObject({ records: 2, lastMs: 100 });
    expect(player.seek(9999)).toMatchObject({ records: SMALL.length, lastMs: 1000 });
    expect(player.seek(-1)).toMatchObject({ records: 0 });
    player.close();
  });

  it('skips damaged lines at every seek', async () => {
    const path = fileOf([cgroup2.start, TEN[0], 'broken', TEN[1], { type: 'weather' }, TEN[2]]);
    const player = await openPlayer(path, () => new Sum());
    expect(player.counts).toEqual({
      lines: 6,
      damaged: 1,
      firstDamage: { line: 3, fault: 'not a JSON object' },
      unknown: 1,
    });
    expect(player.seek(300).records).toBe(4);
    expect(player.seek(200).records).toBe(3);
    expect(player.summary).toBeUndefined();
    player.close();
  });

  it('keeps records in order if times go back slightly', async () => {
    const path = fileOf([cgroup2.start, TEN[0], event(201), TEN[1], TEN[2]]);
    const player = await openPlayer(path, () => new Sum());
    expect(player.seek(200).records).toBe(2);
    expect(player.seek(201).records).toBe(4);
    player.close();
  });

  it('has the same state on every path through a long recording, and applies no more than necessary', async () => {
    // 10 MB: more than the distance between two checkpoints.
    const stat = Object.fromEntries(
      Array.from({ length: 60 }, (_, key) => [`a_key_of_memory_stat_${key}`, key]),
    );
    const long = Array.from({ length: 5000 }, (_, index) => sample((index + 1) * 10, index, stat));
    const onApply = vi.fn();
    const player = await openPlayer(fileOf([cgroup2.start, ...long]), () => new Sum(onApply));
    expect(onApply).toHaveBeenCalledTimes(5001);
    const expected = (ms: number) => {
      const count = Math.min(5000, Math.floor(ms / 10));
      return { records: count + 1, current: count === 0 ? 0 : (count * (count - 1)) / 2 };
    };
    fc.assert(
      fc.property(fc.nat(51_000), (ms) => {
        onApply.mockClear();
        expect(player.seek(ms)).toMatchObject(expected(ms));
        // One megabyte to the checkpoint, or from the shown moment.
        expect(onApply.mock.calls.length).toBeLessThan(1500);
      }),
    );
    player.close();
  });

  it('rejects what cannot be played', async () => {
    await expect(openPlayer('/dev/null', () => new Sum())).rejects.toThrow(/only a regular file/);
    await expect(openPlayer(fileOf([TEN[0]]), () => new Sum())).rejects.toThrow(/no start record/);
    await expect(openPlayer(join(folder, 'none'), () => new Sum())).rejects.toThrow(/no such file/);
  });
});

describe('a player that follows', () => {
  it('has the records present at opening, and later ones until the summary', async () => {
    const path = fileOf(SMALL.slice(0, 4));
    const onGrowth = vi.fn();
    const player = await openPlayer(path, () => new Sum(), { follow: true, onGrowth });
    expect([player.following, player.endMs]).toEqual([true, 300]);
    expect(player.seek(300).records).toBe(4);
    appendFileSync(path, SMALL.slice(4).map(line).join(''));
    await vi.waitFor(() => expect(player.following).toBe(false), 5000);
    expect(player.endMs).toBe(1005);
    expect(player.seek(player.endMs).records).toBe(SMALL.length);
    expect(onGrowth).toHaveBeenCalled();
    player.close();
  });

  it('starts over when the file was truncated and rewritten', async () => {
    const path = fileOf(SMALL.slice(0, 6));
    const player = await openPlayer(path, () => new Sum(), { follow: true });
    expect(player.seek(9999).records).toBe(6);
    writeFileSync(path, [cgroup2.start, TEN[0]].map(line).join(''));
    await vi.waitFor(() => expect(player.endMs).toBe(100), 5000);
    expect(player.seek(9999)).toMatchObject({ records: 2, lastMs: 100 });
    player.close();
  });
});
