import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UnsupportedError } from '#src/errors.ts';
import type { StartRecord, SummaryRecord } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import type { ProcessFacts } from '#src/sampler/process-facts.ts';
import { DRAW_AFTER_MS, type LiveControls, LiveView } from '#src/view/live-view.ts';
import { EXPLAIN_RECORD, EXPLANATION } from './example-explanation.ts';
import { exampleRecords } from './example-view.ts';
import { FakeScreen } from './fake-screen.ts';

const RECORDS = exampleRecords({ untilMs: 5000, ended: true });
const SUMMARY = RECORDS.at(-1) as SummaryRecord;
const OPTIONS = { exitOnEnd: false, recording: undefined, stdinHint: 'stdin is /dev/null' };
const FACTS: ProcessFacts = {
  mappings: { failure: 'permission denied' },
  limits: [{ name: 'open files', soft: '77', hard: '88', unit: 'files' }],
  descriptors: { count: 1, isCut: false, targets: [{ fd: 5, target: 'pipe:[1]' }] },
};
const SUCCESS: SummaryRecord = { ...SUMMARY, exit: { status: 0, code: 0 } };

const CONTROLS: LiveControls = {
  intervalMs: () => 500,
  setIntervalMs() {},
  punctuality: () => ({ late: 0, missed: 0 }),
  elapsedMs: () => 5000,
  isStopped: () => false,
  hasTargetEnded: () => false,
  advice: () => [],
  processFacts: async () => FACTS,
  explain: async () => EXPLANATION,
  signal: () => undefined,
  interrupt() {},
  stop() {},
  terminalReader: () => undefined,
  yielded() {},
  left() {},
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A view of the run up to its end, and its requests. */
function openView(screen = new FakeScreen(), isDrawn = true) {
  const asked: string[] = [];
  const run: { hasEnded: boolean; intervalMs: number; reader?: { pid: number; comm: string } } = {
    hasEnded: false,
    intervalMs: 500,
  };
  const view = new LiveView(screen, OPTIONS);
  const controls: LiveControls = {
    ...CONTROLS,
    intervalMs: () => run.intervalMs,
    setIntervalMs: (ms) => {
      run.intervalMs = ms;
    },
    hasTargetEnded: () => run.hasEnded,
    processFacts: async (pid) => {
      asked.push(`facts ${pid}`);
      return FACTS;
    },
    explain: async () => {
      asked.push('explain');
      return EXPLANATION;
    },
    interrupt: () => void asked.push('interrupt'),
    stop: () => void asked.push('stop'),
    terminalReader: () => run.reader,
    yielded: (pid, comm) => void asked.push(`yielded to ${pid} ${comm}`),
    left: () => void asked.push('left'),
  };
  view.connect(controls);
  for (const record of RECORDS) {
    if (record.type === 'start') view.start(record as StartRecord);
    else if (record.type !== 'summary') view.write(record);
  }
  if (isDrawn) vi.advanceTimersByTime(DRAW_AFTER_MS);
  return { screen, view, run, asked };
}

test('the view is closed for a process that reads from the terminal', async () => {
  const { screen, view, run, asked } = openView();
  vi.advanceTimersByTime(1000);
  expect(screen.isOpen).toBe(true);
  run.reader = { pid: 7, comm: 'sudo' };
  vi.advanceTimersByTime(3000);
  expect(screen.isOpen).toBe(false);
  expect(asked).toEqual(['yielded to 7 sudo']);
  await view.stop(SUCCESS);
});

describe('paused when the target ends', () => {
  test('the end is shown, and q leaves immediately', async () => {
    const { screen, view } = openView();
    screen.press('p');
    const stopped = view.stop(SUCCESS);
    expect(screen.text).toContain('exit status 0');
    expect(screen.text).toContain('PAUSED');
    screen.press('q');
    await stopped;
    expect(screen.isOpen).toBe(false);
  });

  test.each(['s', 'l'])('an open question is closed by %s, with the view', async (key) => {
    const { screen, view, asked } = openView();
    screen.press('p', 'q');
    const stopped = view.stop(SUCCESS);
    expect(screen.text).toContain('The target has ended');
    screen.press(key);
    await stopped;
    expect(screen.isOpen).toBe(false);
    expect(asked).toEqual([]);
  });

  test('Ctrl-C interrupts no process', () => {
    const { screen, view, asked } = openView();
    void view.stop(SUCCESS);
    screen.press('p', 'C-c');
    expect(screen.text).toContain('the target has ended: press q to quit');
    expect(asked).toEqual([]);
    view.close();
  });
});

describe('a target that ends before anything is drawn', () => {
  test('gets no view: the terminal is unchanged, and the end is not waited for', async () => {
    const { screen, view } = openView(undefined, false);
    vi.advanceTimersByTime(DRAW_AFTER_MS - 1);
    view.takeOutput('stdout', Buffer.from('early\n'));
    expect(view.isShown).toBe(false);
    await view.stop(SUCCESS);
    vi.advanceTimersByTime(5000);
    expect(screen.draws).toBe(0);
    expect(screen.isOpen).toBe(false);
    expect(view.wasShown).toBe(false);
  });

  test('one that ends a moment later does, with its output from the start', () => {
    const { screen, view } = openView(undefined, false);
    view.takeOutput('stdout', Buffer.from('early\n'));
    vi.advanceTimersByTime(DRAW_AFTER_MS);
    expect(view.isShown).toBe(true);
    screen.press('6');
    expect(screen.text).toMatch(/^ {2}early *$/m);
    void view.stop(SUCCESS);
    expect(screen.text).toContain('ENDED');
    view.close();
    expect(view.isShown).toBe(false);
  });
});

test('early output of both streams keeps its order, and no line is lost', () => {
  const { screen, view } = openView(new FakeScreen({ width: 100, height: 60 }), false);
  for (const [stream, text] of [
    ['stdout', 'one\nt'],
    ['stdout', 'wo\n'],
    ['stderr', 'three\n'],
    ['stdout', 'four\n'],
  ] as const)
    view.takeOutput(stream, Buffer.from(text));
  vi.advanceTimersByTime(DRAW_AFTER_MS);
  screen.press('6', 'z');
  expect(screen.text).toContain('  one\n  two\n! three\n  four\n');
  view.close();
});

test('the panel of output says that standard input is not the terminal, until there is some', () => {
  const { screen, view } = openView();
  screen.press('6');
  expect(screen.text).toContain('No output yet (stdin is /dev/null).');
  view.takeOutput('stderr', Buffer.from('here\n'));
  vi.advanceTimersByTime(1000);
  expect(screen.text).not.toContain('/dev/null');
  view.close();
});

test('the details of a process are read only while its page is open, and not more than every other second', async () => {
  const { screen, view, asked } = openView(new FakeScreen({ width: 100, height: 60 }));
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  screen.press('4', 'down', 'up');
  await pass(5000);
  expect(asked).toEqual([]);
  screen.press('enter');
  await pass(1000);
  expect(asked).toHaveLength(1);
  expect(screen.text).toContain('77 of 88 files');
  expect(screen.text).toContain('pipe:[1]');
  expect(screen.text).toContain('permission denied');
  await pass(8000);
  expect(asked.length).toBeGreaterThan(2);
  expect(asked.length).toBeLessThan(6);
  expect(new Set(asked).size).toBe(1);
  screen.press('escape');
  const { length } = asked;
  await pass(10_000);
  expect(asked).toHaveLength(length);
  view.close();
});

describe('text scrolled to its end moves back with the next key', () => {
  test.each([
    ['the help', ['?'], /↑ \d+ above$/],
    ['the page of a map', ['3', 'enter'], /↑ \d+ above$/],
    ['the breakdown', ['1'], /^ {2}↕ \d+-\d+ of \d+/],
  ])('%s', (_, keys, place) => {
    const { screen, view } = openView(new FakeScreen({ width: 80, height: 18 }));
    const shown = () => screen.rows.find((row) => place.test(row));
    screen.press(...keys, 'end');
    const end = shown();
    expect(end).toBeDefined();
    screen.press('up');
    expect(screen.text).not.toContain(end);
    screen.press('down');
    expect(shown()).toBe(end);
    view.close();
  });
});

test('other processes that are waited for are listed, asked about and stopped', () => {
  const { screen, view, run, asked } = openView();
  run.hasEnded = true;
  screen.press('C-c');
  expect(screen.text).toContain('sent SIGINT to the remaining processes');
  screen.press('x');
  expect(screen.text).toContain('target ended');
  screen.press('q');
  expect(screen.text).toContain('terminate the remaining processes and quit');
  screen.press('s');
  expect(asked).toEqual(['interrupt', 'stop']);
  view.close();
});

test('at the ends of the intervals of the keys, the option for others is named', () => {
  const { screen, view, run } = openView();
  run.intervalMs = 60_000;
  screen.press('+');
  expect(screen.text).toContain('for a longer one use --interval');
  run.intervalMs = 10;
  screen.press('-');
  expect(screen.text).toContain('for a shorter one use --interval');
  view.close();
});

test('the wheel scrolls help', () => {
  const { screen, view } = openView(new FakeScreen({ width: 80, height: 24 }));
  screen.press('?');
  const first = screen.text;
  screen.mouse({ kind: 'wheel', direction: 'down', column: 5, row: 10 });
  expect(screen.text).toContain('3 above');
  screen.mouse({ kind: 'wheel', direction: 'up', column: 5, row: 10 });
  expect(screen.text).toBe(first);
  view.close();
});

test('a click does not move the list under the mouse', () => {
  const { screen, view } = openView(new FakeScreen({ width: 80, height: 24 }));
  screen.press('3', ...Array(12).fill('down'));
  const list = () => screen.rows.slice(-7, -2);
  const before = list();
  for (const row of [19, 20, 19]) {
    screen.mouse({ kind: 'click', button: 'left', column: 5, row });
    expect(list().map((text) => text.replace(/^[▶>]? */, ''))).toEqual(
      before.map((text) => text.replace(/^[▶>]? */, '')),
    );
  }
  view.close();
});

test('a notice about BPF memory outlives any number of events', () => {
  const { screen, view } = openView();
  view.write({ type: 'maps', elapsedMs: 5000, maps: [], gone: Array.from({ length: 200 }, (_, id) => id) });
  view.write({ type: 'event', elapsedMs: 5000, event: 'warning', message: 'BPF memory is not measured' });
  for (let ms = 5000; ms < 6000; ms += 1) view.write({ type: 'event', elapsedMs: ms, event: 'high' });
  screen.press('3');
  expect(screen.text).toContain('BPF memory is not measured');
  view.close();
});

test('r counts from the start, then from the pause', () => {
  const { screen, view } = openView();
  const rowOf = (label: string) => screen.rows.find((row) => row.includes(label)) ?? '';
  screen.press('p', 'p');
  const last = RECORDS.findLast((record) => record.type === 'sample') as Sample;
  view.write({ ...last, reason: 'tick', elapsedMs: 5500, current: (last.current ?? 0) + 5 * 1024 * 1024 });
  vi.advanceTimersByTime(1000);
  screen.press('r');
  expect(screen.text).toContain('since start');
  expect(rowOf('c current')).not.toMatch(/current +\+5\.00 MiB/);
  screen.press('r');
  expect(screen.text).toContain('since pause');
  expect(rowOf('c current')).toMatch(/current +\+5\.00 MiB/);
  view.close();
});

describe('memory by name', () => {
  test('e reads it, the tree is shown, and after the end it stays', async () => {
    const { screen, view, asked } = openView();
    screen.press('e');
    expect(screen.text).toContain('reading pages…');
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.text).toMatch(/at 5\.0s {2}current 102 MiB {2}unnamed 1\.00 MiB/);
    expect(screen.text).toContain('/srv/db/log\\x1b[31m');
    screen.press('e');
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual(['explain', 'explain']);
    void view.stop(SUCCESS);
    screen.press('e');
    expect(asked).toHaveLength(2);
    expect(screen.text).toContain('/srv/db/log\\x1b[31m');
    view.close();
  });

  test('an error is shown with its hint', async () => {
    const { screen, view } = openView();
    view.connect({
      ...CONTROLS,
      explain: async () => {
        throw new UnsupportedError('explain', 'no memory cgroup', { hint: 'cmemstat doctor' });
      },
    });
    screen.press('e');
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.text).toContain('no memory cgroup (hint: cmemstat doctor)');
    view.close();
  });

  test('a target that ends meanwhile takes its memory with it', async () => {
    const { screen, view } = openView();
    view.connect({
      ...CONTROLS,
      hasTargetEnded: () => true,
      explain: async () => {
        throw new Error('ENOENT: stat');
      },
    });
    screen.press('e');
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.text).toContain('was not read by name before its end');
    view.close();
  });

  test('the wheel moves in the tree', async () => {
    const { screen, view } = openView();
    screen.press('e');
    await vi.advanceTimersByTimeAsync(1000);
    screen.mouse({ kind: 'wheel', direction: 'down', column: 5, row: 10 });
    screen.press('left');
    expect(screen.rows.filter((row) => row.includes('▸ file'))).toHaveLength(1);
    view.close();
  });

  test('after the end, what --explain has recorded is shown, or how to record it', () => {
    const { screen, view } = openView();
    void view.stop(SUCCESS);
    screen.press('e');
    expect(screen.text).toContain('--explain end');
    screen.press('escape');
    view.write(EXPLAIN_RECORD);
    screen.press('e');
    expect(screen.text).toMatch(/at 2\.0s \(peak\)/);
    view.close();
  });

  test('reading stops when the view is closed', () => {
    const { screen, view } = openView();
    let signal: AbortSignal | undefined;
    view.connect({
      ...CONTROLS,
      explain: (_, aborted) => {
        signal = aborted;
        return new Promise(() => {});
      },
    });
    screen.press('e');
    expect(signal?.aborted).toBe(false);
    view.close();
    expect(signal?.aborted).toBe(true);
  });
});
