import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NdjsonSink } from '#src/output/ndjson.ts';
import { type OutputRequest, openOutputs } from '#src/output/open-outputs.ts';
import { SummaryJsonSink } from '#src/output/summary-json.ts';
import { TableSink } from '#src/output/table.ts';
import { makeTree } from '../temporary-tree.ts';
import { NO_OUTPUTS } from './no-outputs.ts';
import { cgroup1 } from './records.ts';

const countOpen = () => readdirSync('/proc/self/fd').length;

describe('openOutputs', () => {
  it.each([
    ['nothing is requested', {}, [TableSink]],
    ['--json', { json: true }, [NdjsonSink]],
    ['--output', { output: 'o' }, [NdjsonSink, TableSink]],
    ['--summary-json', { summaryJson: 's' }, [SummaryJsonSink, TableSink]],
    ['all of them', { json: true, output: 'o', summaryJson: 's' }, [NdjsonSink, SummaryJsonSink, NdjsonSink]],
  ])('opens the sinks of a run when it is %s', async (_, request, classes) => {
    const tree = makeTree();
    const before = countOpen();
    const files = Object.fromEntries(
      Object.entries(request).map(([key, value]) => [
        key,
        typeof value === 'string' ? join(tree, value) : value,
      ]),
    );
    const outputs = await openOutputs({ ...NO_OUTPUTS, ...files });
    const sinks = [...outputs.recorders, ...(outputs.table === undefined ? [] : [outputs.table])];
    expect(sinks.map((sink) => sink.constructor)).toEqual(classes);
    expect(outputs.failure).toBeUndefined();
    outputs.close();
    outputs.close();
    expect(countOpen()).toBe(before);
  });

  it.each([
    ['--output', { output: '/nowhere/o' }, 'no such file or directory'],
    ['--summary-json', { summaryJson: '/' }, 'is a directory'],
  ])('names %s and its file, and leaves nothing open', async (option, request, words) => {
    const before = countOpen();
    const output = join(makeTree(), 'o');
    await expect(openOutputs({ ...NO_OUTPUTS, output, ...request })).rejects.toThrow(
      expect.objectContaining({
        code: 'USAGE',
        option,
        message: `${option} ${Object.values(request)[0]}: ${words}`,
      }),
    );
    expect(countOpen()).toBe(before);
  });

  it('leaves the files as they are until the target was started', async () => {
    const tree = makeTree({ o: 'of a run before', s: 'its summary' });
    const request = { ...NO_OUTPUTS, output: join(tree, 'o'), summaryJson: join(tree, 's') };
    (await openOutputs(request)).close();
    expect(readFileSync(join(tree, 'o'), 'utf8')).toBe('of a run before');
    const outputs = await openOutputs(request);
    outputs.begin();
    outputs.close();
    expect(readFileSync(join(tree, 'o'), 'utf8')).toBe('');
    expect(readFileSync(join(tree, 's'), 'utf8')).toBe('its summary');
  });

  it('removes a file that it created if the target was not started', async () => {
    const tree = makeTree();
    const request = { ...NO_OUTPUTS, output: join(tree, 'o'), summaryJson: join(tree, 's') };
    (await openOutputs(request)).close();
    expect(readdirSync(tree)).toEqual([]);
    const outputs = await openOutputs(request);
    outputs.begin();
    outputs.close();
    expect(readdirSync(tree)).toEqual(['o']);
  });
});

describe('an output that fails', () => {
  /** Writes a summary in a separate process, whose standard streams the test chooses. */
  const program = (request: Partial<OutputRequest>) => `
    import { openOutputs } from ${JSON.stringify(resolve(import.meta.dirname, '../../../src/output/open-outputs.ts'))};
    const outputs = await openOutputs(${JSON.stringify({ ...NO_OUTPUTS, ...request })});
    const summary = ${JSON.stringify(cgroup1.summary)};
    for (const sink of [...outputs.recorders, ...(outputs.table ? [outputs.table] : [])]) await sink.stop(summary);
    outputs.log.warn('said');
    await outputs.log.flush();
    process.exit(outputs.failure === undefined ? 0 : 9);
  `;
  const tsx = ['--import', 'tsx', '--input-type=module', '-e'];

  it('is reported on standard error, once, and recorded', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...tsx, program({ json: true, output: '/dev/full' })],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe(
      'cmemstat: cannot write to /dev/full: no space left on the device; the target continues\ncmemstat: said\n',
    );
    expect(status).toBe(9);
    expect(JSON.parse(stdout).type).toBe('summary');
  });

  it('is reported, but is not a failure, when its reader closes the pipe', async () => {
    const child = spawn(process.execPath, [...tsx, program({ json: true })], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Long before the program has started up.
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const [status] = await once(child, 'close');
    expect(stderr).toBe(
      'cmemstat: cannot write to standard output: the reader has closed the pipe; the target continues\ncmemstat: said\n',
    );
    expect(status).toBe(0);
  });
});
