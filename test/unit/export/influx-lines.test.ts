/** The line protocol; test/integration/gate/export.test.ts gives it to a database. */
import { describe, expect, it } from 'vitest';
import { InfluxLines } from '#src/export/influx-lines.ts';
import type { ProcessRow } from '#src/model/recorded-processes.ts';
import { golden } from '../../paths.ts';
import { convert, EXAMPLE } from './example-recording.ts';

const render = (names = true) => convert(new InfluxLines(), EXAMPLE, names).toString();

describe('the line protocol', () => {
  it('looks as in the golden file', async () => {
    await expect(render()).toMatchFileSnapshot(golden('export/influx.txt'));
  });

  it('has a line for each sample, event, map and process, and no field for what is absent', () => {
    const lines = render().trimEnd().split('\n');
    const count = (kind: string) => lines.filter((line) => line.startsWith(`cmemstat_${kind},`)).length;
    expect(['sample', 'event', 'bpf_map', 'process', 'run'].map(count)).toEqual([10, 4, 18, 4, 2]);
    expect(render()).not.toMatch(/limit_high|Infinity|undefined|NaN/);
  });

  it('escapes what separates tags, also at their end', () => {
    expect(render()).toContain('name=a\\,b\\ "c"\\ \\x5c,type=hash');
    expect(render()).toContain('message="a,b \\"c\\" \\\\"');
  });

  it('writes no backslash before what it escapes: databases differ in what that means', () => {
    const [start] = EXAMPLE;
    const processes = EXAMPLE.find(({ type }) => type === 'processes');
    if (start === undefined || processes?.type !== 'processes') throw new Error('incomplete example');
    const row = { ...processes.processes[0], comm: 'x\\,pid\\=1\\' } as ProcessRow;
    const text = convert(new InfluxLines(), [start, { ...processes, processes: [row] }]).toString();
    expect(text).toContain('comm=x\\x5c\\,pid\\x5c\\=1\\x5c ');
    expect(text).not.toMatch(/\\\\/);
  });

  it('has no names with --no-names', () => {
    expect(render(false)).not.toMatch(/calc|kidling|zebra|tab\\/);
  });
});
