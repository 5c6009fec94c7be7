/** Recordings: `budget check`, `report`, `compare` and `replay` of one. */
import { gateRecordings } from '#src/app/gate/gate-recordings.ts';
import { compareRuns } from '#src/budget/comparison/compare.ts';
import { readSide } from '#src/budget/comparison/inputs.ts';
import { renderSummary } from '#src/output/summary-text.ts';
import { readRecording } from '#src/recording/read-recording.ts';
import { openPlayer } from '#src/recording/recording-player.ts';
import { renderComparison } from '#src/report/comparison-text.ts';
import { renderFrame } from '#src/view/panels/frame.ts';
import { PANELS } from '#src/view/state/view.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { exampleView } from '../../unit/view/example-view.ts';
import { mutateBytes, mutateText } from '../mutate-bytes.ts';
import { mutateJson } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import { callAll, type DocumentTarget, inputFile } from './document-target.ts';
import { BUDGETS, planOf, renderAll } from './plan.ts';
import { seeds } from './seeds.ts';

const RECORDINGS = () =>
  seeds(['test/fixtures/recordings', 'test/golden/output'], /\.jsonl$|\/ndjson-.*\.txt$/);

function makeLines(random: Random, lines: readonly string[]): string {
  const changed = [...lines];
  for (let left = random.between(1, 4); left > 0; left -= 1) {
    // The first and the last line say most.
    const at = random.chance(0.3)
      ? 0
      : random.chance(0.3)
        ? changed.length - 1
        : random.below(changed.length);
    changed[at] = changeLine(random, changed[at] ?? '');
  }
  return changed.map((line) => `${line}\n`).join('');
}

function changeLine(random: Random, line: string): string {
  try {
    return mutateJson(random, JSON.parse(line));
  } catch {
    return mutateText(random, line);
  }
}

/** What every reader of recordings makes of it; one that refuses it leaves it to the others. */
export const RECORDING_TARGET: DocumentTarget = {
  name: 'recording',
  about: 'recordings: evaluated, reported in all formats, compared, and replayed',
  extension: 'jsonl',
  make(random) {
    const recording = random.pick(RECORDINGS());
    if (random.chance(0.1)) return mutateBytes(random, recording, random.pick(RECORDINGS()));
    if (random.chance(0.1)) return Buffer.from(mutateText(random, recording.toString()));
    return Buffer.from(makeLines(random, recording.toString().trimEnd().split('\n')));
  },
  read(input) {
    const file = inputFile(input, 'jsonl');
    return callAll(
      [evaluate, evaluateOwnBudgets, compare, summarize, replay].map((read) => () => read(file)),
    );
  },
};

async function evaluate(file: string): Promise<string[]> {
  return renderAll(await gateRecordings([file], planOf(BUDGETS)));
}

async function evaluateOwnBudgets(file: string): Promise<string[]> {
  return renderAll(await gateRecordings([file, file], planOf([])));
}

async function compare(file: string): Promise<string[]> {
  const side = await readSide(file);
  const comparison = compareRuns(side, side);
  return [renderComparison(comparison, { all: true, plainBytes: false }).join('\n')];
}

async function summarize(file: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { record } of readRecording(file)) {
    if (record.type === 'summary') lines.push(...renderSummary(record, { plainBytes: false }));
  }
  return [lines.join('\n')];
}

const VIEW = exampleView({ options: { untilMs: 0 } });

async function replay(file: string): Promise<string[]> {
  const player = await openPlayer(file, () => new ViewBuilder());
  try {
    const output: string[] = [];
    for (const [index, time] of [0, player.endMs / 2, player.peakMs ?? 0, player.endMs].entries()) {
      const { data } = player.seek(time);
      const ui = { ...VIEW.ui, focus: PANELS[index % PANELS.length] ?? VIEW.ui.focus, zoom: index === 1 };
      const status = { ...VIEW.status, state: 'ended' as const, elapsedMs: time };
      const { lines } = renderFrame({ ...VIEW, ui, status, data }, { width: 120, height: 40 });
      if (lines.length !== 40) throw new Error(`a frame of ${lines.length} lines`);
      output.push(...lines.map((line) => line.map(({ text }) => text).join('')));
    }
    return output;
  } finally {
    player.close();
  }
}
