import { describe, expect, it } from 'vitest';
import { BudgetSink } from '#src/app/gate/budget-sink.ts';
import type { EventRecord, RecordLine } from '#src/model/recording.ts';
import { RecordStream } from '#src/output/record-stream.ts';
import type { Sink } from '#src/output/sink.ts';
import { anonSamples, named, startOf, summaryOf } from '../budget/evaluated-runs.ts';

/** A sink that stores its records, and may react to them. */
function recorder(onRecord: (record: RecordLine) => void = () => {}) {
  const seen: string[] = [];
  const note = (record: RecordLine) => {
    seen.push(record.type === 'event' ? (record.message ?? record.event) : record.type);
    onRecord(record);
  };
  const sink: Sink = { start: note, write: note, stop: async (summary) => note(summary) };
  return { seen, sink };
}

const event = (message: string): EventRecord => ({ type: 'event', elapsedMs: 0, event: 'warning', message });
const [sample] = anonSamples(0, 1);
if (sample === undefined) throw new Error('no sample');

describe('RecordStream', () => {
  it('delivers what a sink emits after the current record, to every sink in the same order', async () => {
    const first = recorder();
    const emitting = recorder(({ type }) => {
      if (type !== 'sample') return;
      stream.emit(event('one'));
      stream.emit(event('two'));
    });
    const last = recorder();
    const stream = new RecordStream([first.sink, emitting.sink, last.sink]);
    stream.start(startOf());
    stream.emit(sample);
    stream.emit(event('three'));
    await stream.stop(summaryOf());
    for (const { seen } of [first, emitting, last]) {
      expect(seen).toEqual(['start', 'sample', 'one', 'two', 'three', 'summary']);
    }
  });

  it('delivers the consequences of an event after that event', () => {
    const chain = recorder((record) => {
      if (record.type === 'event' && record.message !== 'c')
        stream.emit(event(record.message === 'a' ? 'b' : 'c'));
    });
    const last = recorder();
    const stream = new RecordStream([chain.sink, last.sink]);
    stream.emit(event('a'));
    expect(last.seen).toEqual(['a', 'b', 'c']);
  });

  it('delivers the consequences of the start after the start', () => {
    const early = recorder(({ type }) => {
      if (type === 'start') stream.emit(event('early'));
    });
    const last = recorder();
    const stream = new RecordStream([early.sink, last.sink]);
    stream.start(startOf());
    expect(last.seen).toEqual(['start', 'early']);
  });

  it('has only the sinks that it was created with', () => {
    const sinks = [recorder().sink];
    const stream = new RecordStream(sinks);
    const late = recorder();
    sinks.push(late.sink);
    stream.emit(sample);
    expect(late.seen).toEqual([]);
  });

  it('ends with the summary: later records are dropped', async () => {
    const { seen, sink } = recorder();
    const stream = new RecordStream([sink]);
    await stream.stop(summaryOf());
    stream.emit(event('late'));
    expect(seen).toEqual(['summary']);
  });

  it('continues after a sink that has thrown', () => {
    let fails = true;
    const { seen, sink } = recorder(() => {
      if (fails) throw new Error('fault');
    });
    const stream = new RecordStream([sink]);
    expect(() => stream.emit(event('a'))).toThrow('fault');
    fails = false;
    stream.emit(event('b'));
    expect(seen).toEqual(['a', 'b']);
  });

  it('delivers the sample that exceeds a budget before the event that reports it, before and behind the evaluator', () => {
    const [before, behind] = [recorder(), recorder()];
    const budgets = new BudgetSink({
      budgets: [named('anon<=2M')],
      baseline: undefined,
      onExceeded: (exceeded) => stream.emit(exceeded),
    });
    const stream = new RecordStream([before.sink, budgets, behind.sink]);
    stream.start(startOf());
    for (const each of anonSamples(0, 3, 4)) stream.emit(each);
    expect(before.seen).toEqual(['start', 'sample', 'sample', expect.stringContaining('anon<=2M'), 'sample']);
    expect(behind.seen).toEqual(before.seen);
  });
});
