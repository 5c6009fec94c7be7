import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LineWriter } from '#src/output/line-writer.ts';
import { StandardErrorLog } from '#src/output/log.ts';
import { makeTree } from '../temporary-tree.ts';

/** A log into a file. */
function logging(level: { verbose?: boolean; quiet?: boolean } = {}) {
  const path = join(makeTree(), 'log');
  const writer = new LineWriter(openSync(path, 'w'), 'the log', () => {});
  const log = new StandardErrorLog(writer, { verbose: false, quiet: false, ...level });
  const lines = async () => {
    await log.flush();
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  };
  return { log, lines };
}

describe('StandardErrorLog', () => {
  it.each([
    [{}, ['cmemstat: i', 'cmemstat: w']],
    [{ verbose: true }, ['cmemstat: d', 'cmemstat: i', 'cmemstat: w']],
    [{ quiet: true }, ['cmemstat: w']],
    [{ quiet: true, verbose: true }, ['cmemstat: d', 'cmemstat: w']],
  ])('with %o writes %s', async (level, shown) => {
    const { log, lines } = logging(level);
    log.debug('d');
    log.info('i');
    log.warn('w');
    expect(await lines()).toEqual(shown);
  });

  it('writes the buffered lines when the view is closed, in order, and mirrors them immediately', async () => {
    const { log, lines } = logging();
    const inView: string[] = [];
    log.buffer((line) => inView.push(line));
    for (const line of ['1', '2', '3']) log.info(line);
    expect(await lines()).toEqual([]);
    log.writeBuffered();
    log.info('after');
    expect(await lines()).toEqual(['cmemstat: 1', 'cmemstat: 2', 'cmemstat: 3', 'cmemstat: after']);
    expect(inView).toEqual(['cmemstat: 1', 'cmemstat: 2', 'cmemstat: 3']);
  });

  it('buffers the last thousand of many lines', async () => {
    const { log, lines } = logging();
    log.buffer(() => {});
    for (let line = 1; line <= 1500; line += 1) log.warn(`line ${line}`);
    log.writeBuffered();
    log.warn('after');
    const written = await lines();
    expect(written).toHaveLength(1002);
    expect(written.slice(0, 2)).toEqual(['cmemstat: 500 earlier lines are left out', 'cmemstat: line 501']);
    expect(written.slice(-2)).toEqual(['cmemstat: line 1500', 'cmemstat: after']);
  });

  it('writes nothing twice', async () => {
    const { log, lines } = logging();
    log.buffer(() => {});
    log.warn('once');
    log.writeBuffered();
    log.writeBuffered();
    expect(await lines()).toEqual(['cmemstat: once']);
  });
});
