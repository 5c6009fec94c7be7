/** `w`: what the view shows, as files in the working directory. */
import { writeFileSync } from 'node:fs';
import { describeErrno, errnoOf } from '../../errors.ts';
import { textOf } from './cells.ts';
import { renderFrame } from './frame.ts';
import type { View } from './view.ts';

/** The text is as wide as this, whatever the terminal: it is read elsewhere. */
const TEXT_SIZE = { width: 120, height: 60 };

/** Writes a JSON document and a text of the moment that is shown; returns the line that says so, or why not. */
export function writeSnapshot(view: View): string {
  const { start } = view.data;
  const stem = `cmemstat-${start?.pid ?? 'replay'}-${Math.round(view.status.elapsedMs)}ms`;
  try {
    writeFileSync(`${stem}.json`, `${JSON.stringify(snapshotOf(view), undefined, 2)}\n`);
    const { lines } = renderFrame(
      { ...view, ui: { ...view.ui, dialog: undefined, message: undefined, zoom: false } },
      TEXT_SIZE,
    );
    writeFileSync(`${stem}.txt`, `${lines.map((line) => textOf(line).trimEnd()).join('\n')}\n`);
    return `wrote ${stem}.json and ${stem}.txt`;
  } catch (error) {
    return `cannot write ${stem}.json: ${describeErrno(errnoOf(error))}`;
  }
}

/** One JSON object with the records' own keys: the state at one moment. */
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
