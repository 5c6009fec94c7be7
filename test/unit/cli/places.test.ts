import { closeSync, linkSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputPlaces, rejectSharedPlaces, runPlaces } from '#src/cli/options/places.ts';
import { reportPlaces } from '#src/cli/options/report-places.ts';
import { makeTree } from '../temporary-tree.ts';

const flags = (more: object) => ({ ...more }) as Parameters<typeof runPlaces>[0];

describe('rejectSharedPlaces', () => {
  it('rejects a second document on standard output', () => {
    const two = reportPlaces([{ format: 'json' }, { format: 'junit' }]);
    expect(() => rejectSharedPlaces(two)).toThrow(
      '--report junit and --report json both go to standard output',
    );
    const stream = [...runPlaces(flags({ json: true })), ...reportPlaces([{ format: 'tap' }])];
    expect(() => rejectSharedPlaces(stream)).toThrow('--report tap and --json both go to standard output');
  });

  it('rejects a second output into one file, under any path', () => {
    const tree = makeTree({});
    const [one, other] = [join(tree, 'one'), join(tree, 'other')];
    expect(() => rejectSharedPlaces(reportPlaces(both(one, `${tree}/./one`)))).toThrow('both go to');
    writeFileSync(one, '');
    linkSync(one, other);
    expect(() => rejectSharedPlaces(reportPlaces(both(one, other)))).toThrow('both go to');
    const run = [...runPlaces(flags({ output: one })), ...reportPlaces([{ format: 'json', file: one }])];
    expect(() => rejectSharedPlaces(run)).toThrow(`--report json and --output both go to ${one}`);
  });

  it('rejects an output into the file of one of several runs', () => {
    const tree = makeTree({});
    const output = join(tree, 'run.jsonl');
    const second = join(tree, 'run.2.jsonl');
    for (const more of [
      { stdout: second },
      { saveBaseline: second },
      { stdin: second },
      { summaryJson: output },
    ]) {
      expect(() => rejectSharedPlaces(runPlaces(flags({ output, ...more }), 3))).toThrow('--output');
    }
    const reports = reportPlaces([{ format: 'json', file: second }]);
    expect(() => rejectSharedPlaces([...runPlaces(flags({ output }), 2), ...reports])).toThrow(
      `--report json and --output both go to ${second}`,
    );
    // Not one of its files.
    expect(() => rejectSharedPlaces(runPlaces(flags({ output, stdout: second })))).not.toThrow();
    expect(() => rejectSharedPlaces(runPlaces(flags({ output, stdout: output }), 2))).not.toThrow();
  });

  it('rejects an output into a file that is read, under any name', () => {
    const tree = makeTree({ read: '{}' });
    const [read, hard, soft] = ['read', 'hard', 'soft'].map((name) => join(tree, name)) as [
      string,
      string,
      string,
    ];
    linkSync(read, hard);
    symlinkSync('read', soft);
    const fd = openSync(read, 'r');
    for (const file of [read, hard, soft, `/proc/self/fd/${fd}`, `${tree}/../${basename(tree)}/read`]) {
      expect(() =>
        rejectSharedPlaces([...inputPlaces('the recording', read), { option: '--output', file }]),
      ).toThrow(`--output and the recording are the same file: ${file}`);
    }
    closeSync(fd);
    for (const more of [{ budgetFile: soft }, { baseline: hard }, { stdin: soft }]) {
      for (const output of [{ output: read }, { stdout: read }, { summaryJson: read }]) {
        expect(() => rejectSharedPlaces(runPlaces(flags({ ...more, ...output })))).toThrow(
          'are the same file',
        );
      }
    }
    // Reading is finished when the new one is written.
    expect(() => rejectSharedPlaces(runPlaces(flags({ baseline: read, saveBaseline: hard })))).not.toThrow();
    expect(() => rejectSharedPlaces(inputPlaces('the recording', read, soft))).not.toThrow();
  });

  it('leaves it to the output to reject a path that is too long', () => {
    expect(() => rejectSharedPlaces([{ option: '--output', file: 'x'.repeat(300) }])).not.toThrow();
  });

  it('allows texts to share standard error, and any output /dev/null', () => {
    const places = [
      ...runPlaces(flags({ json: true, output: 'run.jsonl', saveBaseline: 'base.json' })),
      ...reportPlaces([{ format: 'text' }, { format: 'text' }, ...both('/dev/null', '/dev/null')]),
    ];
    expect(() => rejectSharedPlaces(places)).not.toThrow();
  });
});

function both(first: string, second: string) {
  return [
    { format: 'json' as const, file: first },
    { format: 'tap' as const, file: second },
  ];
}
