/** Perfetto traces, read back with protobufjs by the public definition of the format. */
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { PerfettoTrace } from '#src/export/perfetto-trace.ts';
import { microsOf } from '#src/export/run-context.ts';
import type { RecordLine } from '#src/model/recording.ts';
import { fixture } from '../../paths.ts';
import { convert, EXAMPLE, recordsOfRuns } from './example-recording.ts';

interface Packet {
  timestamp?: string;
  clockSnapshot?: { clocks: { clockId: number; timestamp: string }[] };
  trackDescriptor?: {
    uuid: string;
    name?: string;
    parentUuid?: string;
    process?: { pid: number; processName: string; cmdline?: string[] };
    counter?: { unit?: string; unitName?: string };
  };
  trackEvent?: {
    type: string;
    trackUuid: string;
    name?: string;
    counterValue?: string;
    doubleCounterValue?: number;
    debugAnnotations?: { name: string; intValue?: string; stringValue?: string }[];
  };
}

const Trace = protobuf.loadSync(fixture('export/perfetto.proto')).lookupType('perfetto.protos.Trace');

function read(records: readonly RecordLine[], names = true): Packet[] {
  const bytes = convert(new PerfettoTrace(), records, names);
  const trace = Trace.decode(bytes);
  // Encoded again, nothing is missing: there are no fields that the definition does not have.
  expect(Trace.encode(trace).finish()).toHaveLength(bytes.length);
  return (Trace.toObject(trace, { longs: String, enums: String }) as { packet: Packet[] }).packet;
}

const packets = read(EXAMPLE);
const tracks = new Map(
  packets.flatMap(({ trackDescriptor: track }) => (track === undefined ? [] : [[track.uuid, track]])),
);

/** The points of a counter: nanoseconds and values. */
function pointsOf(name: string, root: string): [string, number][] {
  const isBelow = (uuid: string | undefined): boolean =>
    uuid !== undefined && (tracks.get(uuid)?.name === root || isBelow(tracks.get(uuid)?.parentUuid));
  const ids = [...tracks.values()].filter((track) => track.name === name && isBelow(track.parentUuid));
  expect(ids, name).toHaveLength(1);
  return packets.flatMap(({ timestamp = '', trackEvent: event }) =>
    event?.trackUuid === ids[0]?.uuid && event?.type === 'TYPE_COUNTER'
      ? [[timestamp, event.doubleCounterValue ?? Number(event.counterValue)]]
      : [],
  );
}

describe('a trace', () => {
  it('has a counter with the changes of each figure', () => {
    for (const [name, of] of [
      ['current', ({ current }) => current],
      ['anon', ({ stat }) => stat?.anon],
      ['stall_some_seconds_total', ({ pressure }) => pressure?.some && pressure.some.total / 1e6],
      ['stall_some_avg300_ratio', ({ pressure }) => pressure?.some && Number(`${pressure.some.avg300}e-2`)],
      ['bpf_charged_maps_bytes', ({ bpf }) => bpf?.charged?.maps.bytes],
    ] as [string, (sample: Extract<RecordLine, { type: 'sample' }>) => number | undefined][]) {
      let last: number | undefined;
      const expected = [...recordsOfRuns(EXAMPLE)].flatMap(({ record, run }) => {
        const value = record.type === 'sample' && run.number === 2 ? of(record) : undefined;
        if (value === undefined || value === last || record.type !== 'sample') return [];
        last = value;
        return [[`${microsOf(run, record.elapsedMs)}000`, value]];
      });
      expect(pointsOf(name, 'run 2: zebra'), name).toEqual(expected);
    }
  });

  it('has a counter for each map, which ends at 0', () => {
    const points = pointsOf('\'a,b "c" \\\' #11'.replaceAll("'", ''), 'run 2: zebra');
    expect(points.map(([, value]) => value)).toEqual([8192, 0]);
    expect(pointsOf('ringbuf #5', 'run 2: zebra').map(([, value]) => value)).toEqual([1024 * 1024]);
  });

  it('has no counter for a limit that there is not, nor for figures without a value', () => {
    const names = [...tracks.values()].map(({ name }) => name);
    expect(names).toContain('limit_max_bytes');
    expect(names).not.toContain('limit_high_bytes');
    expect(names).not.toContain('pss');
    const values = packets.flatMap(({ trackEvent }) =>
      trackEvent?.type === 'TYPE_COUNTER' ? [trackEvent.trackUuid] : [],
    );
    for (const { uuid, counter, name } of tracks.values()) {
      if (counter !== undefined) expect(values, name).toContain(uuid);
    }
  });

  it('has processes with their command lines', () => {
    const processes = [...tracks.values()].flatMap(({ process }) => (process === undefined ? [] : [process]));
    expect(processes.map(({ pid }) => pid)).toEqual([100, 101, 100, 101]);
    expect(processes[1]).toMatchObject({
      processName: 'kidling',
      cmdline: ['kidling', 'tab\\x09here\\x0aline\\x1b[31m'],
    });
  });

  it('has events, the runs and what was explained', () => {
    const events = packets.flatMap(({ trackEvent: event }) =>
      event === undefined || event.type === 'TYPE_COUNTER'
        ? []
        : [`${event.type} ${event.name ?? ''}`.trimEnd()],
    );
    const ofRun = [
      'TYPE_SLICE_BEGIN run',
      'TYPE_INSTANT max',
      'TYPE_INSTANT warning',
      'TYPE_INSTANT explained: peak',
      'TYPE_SLICE_END',
    ];
    expect(events).toEqual([...ofRun, ...ofRun]);
    const max = packets.find(({ trackEvent }) => trackEvent?.name === 'max')?.trackEvent?.debugAnnotations;
    expect(max).toEqual([
      { name: 'count', intValue: '3' },
      { name: 'increase', intValue: '2' },
      { name: 'noticed', stringValue: 'inotify' },
    ]);
  });

  it('says when it was', () => {
    const snapshots = packets.flatMap(({ clockSnapshot }) =>
      clockSnapshot === undefined ? [] : [clockSnapshot],
    );
    const [first] = snapshots;
    expect(first?.clocks.map(({ clockId, timestamp }) => [clockId, timestamp])).toEqual([
      [6, `${Date.parse('2026-01-02T03:04:05.678Z')}000000`],
      [1, `${Date.parse('2026-01-02T03:04:05.678Z')}000000`],
    ]);
    expect(snapshots).toHaveLength(2);
  });

  it('has no names with --no-names', () => {
    expect(JSON.stringify(read(EXAMPLE, false)).match(/calc|kidling|zebra|tab/)).toBeNull();
  });
});
