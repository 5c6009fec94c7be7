/** `w`: writes the displayed data to files in the working directory. */
import { rmSync } from 'node:fs';
import { describeErrno, errnoOf } from '../errors.ts';
import { safeJson } from '../format/safe-text.ts';
import { createFile } from '../kernel/files/private-file.ts';
import { renderFrame } from './panels/frame.ts';
import type { View } from './state/view.ts';
import { textOf } from './text/cells.ts';

/** The width of the text file, independent of the terminal. */
const TEXT_SIZE = { width: 120, height: 60 };

/**
 * Writes a JSON document and a text for the displayed time; returns a message about the result.
 */
export function writeSnapshot(view: View): string {
  const { start } = view.data;
  const name = `cmemstat-${start?.pid ?? 'replay'}-${Math.round(view.status.elapsedMs)}ms`;
  const json = `${safeJson(snapshotOf(view), 2)}\n`;
  const { lines } = renderFrame(
    { ...view, ui: { ...view.ui, dialog: undefined, message: undefined, zoom: false } },
    TEXT_SIZE,
  );
  const text = `${lines.map((line) => textOf(line).trimEnd()).join('\n')}\n`;
  try {
    const stem = writeBoth(name, json, text);
    return `wrote ${stem}.json and ${stem}.txt`;
  } catch (error) {
    return `cannot write ${name}.json: ${describeErrno(errnoOf(error))}`;
  }
}

/** The maximum number of names to try. */
const MAX_NAMES = 1000;

/**
 * Writes both with the first unused name, and returns it: existing files are not replaced and symbolic links
 * not followed.
 */
function writeBoth(name: string, json: string, text: string): string {
  for (let number = 1; ; number += 1) {
    const stem = number === 1 ? name : `${name}-${number}`;
    try {
      createFile(`${stem}.json`, json);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST' && number < MAX_NAMES) continue;
      throw error;
    }
    try {
      createFile(`${stem}.txt`, text);
      return stem;
    } catch (error) {
      rmSync(`${stem}.json`);
      if (errnoOf(error) !== 'EEXIST' || number >= MAX_NAMES) throw error;
    }
  }
}

/** One JSON object with the keys of records: the state at one time. */
function snapshotOf({ data, status }: View): object {
  return {
    type: 'snapshot',
    elapsedMs: status.elapsedMs,
    start: data.start,
    sample: data.latest,
    bpf: data.bpf?.totals,
    maps: [...data.maps.values()].map(({ row }) => row),
    processes: [...data.processes.values()].map(({ row }) => row),
    events: data.events,
    summary: data.summary,
  };
}
