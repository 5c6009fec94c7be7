import { describe, expect, it } from 'vitest';
import { NameHider } from '#src/app/page/hide-record-names.ts';
import type { RecordLine } from '#src/model/recording.ts';
import { composeAt, viewsOf } from '#src/report/html/data/composition.ts';
import { decodeModel, encodeModel } from '#src/report/html/data/encode-model.ts';
import { lineChart } from '#src/report/html/draw/line-chart.ts';
import { axisOf, levelsOf, pointsOf } from '#src/report/html/draw/points.ts';
import { renderPage } from '#src/report/html/render-page.ts';
import { PLAIN, pageInput, pageRun, sampleAt, startRecord } from './html-runs.ts';

const MIB = 1024 ** 2;
const ASSETS = { script: '1', style: 'a{}', scriptHash: "'sha256-a'", styleHash: "'sha256-b'" };
const event = (elapsedMs: number, name: string): RecordLine => ({ type: 'event', elapsedMs, event: name });

/** A service that is restarted after `each` samples, twice. */
function restarted(each: number): RecordLine[] {
  const samples = (from: number) => Array.from({ length: each }, (_, at) => sampleAt(from + at * 100, 10));
  const span = each * 100 + 1000;
  return [
    startRecord(PLAIN),
    ...samples(0),
    event(span - 900, 'waiting'),
    event(span - 100, 'followed'),
    ...samples(span),
    event(2 * span - 100, 'followed'),
    ...samples(2 * span),
  ];
}

describe('a page of a restarted service', () => {
  it('interrupts the lines where another cgroup is measured', () => {
    const { model } = pageRun(PLAIN, restarted(3));
    const axis = axisOf(model.series, model.cuts);
    const { current } = model.series.channels;
    if (current === undefined) throw new Error('no series');
    const gaps = pointsOf(axis, current).flatMap((value, at) => (value === null ? [axis.seconds[at]] : []));
    expect(gaps).toHaveLength(2);
    expect(gaps[0]).toBeGreaterThan(0.2);
    expect(gaps[0]).toBeLessThan(1.3);
    expect(levelsOf(axis, current).filter((value) => value === null)).toHaveLength(2);
    expect(axis.seconds).toEqual(axis.seconds.toSorted((a, b) => a - b));
    expect(axisOf(model.series).buckets).not.toContain(-1);
  });

  it('does so in the drawing and after thinning, and the script of the page gets the same', () => {
    const run = pageRun(PLAIN, restarted(3000));
    const page = renderPage(pageInput(run), ASSETS);
    const [, path = ''] = /<path class="line s0" d="([^"]+)"/.exec(page) ?? [];
    expect(path.match(/M/g)).toHaveLength(3);
    const model = { runs: [run.model], trees: [], threshold: 0.01 };
    expect(decodeModel(JSON.parse(JSON.stringify(encodeModel(model)))).runs[0]?.cuts).toEqual(run.model.cuts);
  });

  it('has no gaps in a run', () => {
    const page = renderPage(pageInput(), ASSETS);
    const [, path = ''] = /<path class="line s0" d="([^"]+)"/.exec(page) ?? [];
    expect(path.match(/M/g)).toHaveLength(1);
  });
});

it('splits a column of a drawing at a gap', () => {
  const seconds = Array.from({ length: 4000 }, (_, at) => at);
  const values = seconds.map((at) => (at === 2002 ? null : at));
  const chart = lineChart([{ label: 'a', seconds, values, gaps: [2002], color: 0 }], {}, { title: 't' });
  const [, path = ''] = /<path class="line s0" d="([^"]+)"/.exec(chart) ?? [];
  expect(path.match(/M/g)).toHaveLength(2);
});

describe('a page of a pod', () => {
  const containers = (web: number, names = ['web', 'log']) =>
    names.map((name) => ({ cgroup: `cri-${name}.scope`, name, current: name === 'web' ? web : 5 * MIB }));
  const records: RecordLine[] = [
    startRecord(PLAIN),
    { ...sampleAt(0, 20), containers: containers(10 * MIB) },
    { ...sampleAt(100, 20), containers: containers(30 * MIB) },
    { ...sampleAt(200, 20), containers: containers(20 * MIB, ['web']) },
  ];

  it('has its containers: at any moment, and as a table', () => {
    const run = pageRun(PLAIN, records);
    expect(viewsOf(run.model)).toContain('containers');
    const named = (ms: number) =>
      composeAt(run.model, 'containers', ms)?.parts?.map(({ name, bytes }) => [name, bytes / MIB]);
    expect(named(100)).toEqual([
      ['web', 30],
      ['not attributed', 25],
      ['log', 5],
    ]);
    expect(named(200)).toEqual([
      ['not attributed', 40],
      ['web', 20],
    ]);
    const page = renderPage(pageInput(run), ASSETS);
    const [table = ''] = /<section id="containers"[\s\S]*?<\/section>/.exec(page) ?? [];
    expect(table).toContain('<th scope="row">web</th><td class="n">30.0 MiB</td>');
    expect(table).toContain('+10.0 MiB');
    const { runs } = decodeModel(encodeModel({ runs: [run.model], trees: [], threshold: 0 }));
    expect(runs[0]?.containers).toEqual(run.model.containers);
  });

  it('hides their names', () => {
    const hider = new NameHider();
    const hidden = records.map((record) => hider.hideRecord(record));
    expect(JSON.stringify(hidden)).not.toMatch(/web|log\b|cri-/);
    expect(hidden[1]).toMatchObject({ containers: [{ name: 'container 1' }, { name: 'container 2' }] });
  });

  it('has no such section for other targets', () => {
    expect(renderPage(pageInput(), ASSETS)).not.toContain('id="containers"');
  });
});
