import { describe, expect, it } from 'vitest';
import { ExplainedClasses, parseClasses } from '#src/app/exporter/explained-classes.ts';

const HOUR = 3_600_000;
const DOCUMENT = JSON.stringify({
  tree: {
    kind: 'host',
    children: [
      { kind: 'class', name: 'anon', bytes: 10 },
      { kind: 'class', name: 'file', bytes: 5 },
      { kind: 'others', name: 'memory of no class', bytes: 2 },
      { kind: 'unnamed', name: 'unnamed', bytes: 1 },
    ],
  },
});

describe('memory by class', () => {
  it('comes from a document of explain', () => {
    expect(parseClasses(DOCUMENT)).toEqual(
      new Map([
        ['anon', 10],
        ['file', 5],
        ['other', 3],
      ]),
    );
    for (const text of ['', 'null', '[]', '{}', '{"tree": {}}', '{"tree": null}']) {
      expect(parseClasses(text), text).toBeUndefined();
    }
  });

  it('is scanned at the interval, not while a scan runs, and absent after one that failed', () => {
    let now = 0;
    let errors = 0;
    const scans: ((error: unknown, output: string) => void)[] = [];
    const classes = new ExplainedClasses(
      HOUR,
      () => now,
      (done) => {
        scans.push(done);
        return undefined;
      },
    );
    const start = () => classes.start(() => (errors += 1));
    start();
    start();
    expect([scans.length, classes.classes]).toEqual([1, undefined]);
    scans[0]?.(null, DOCUMENT);
    expect(classes.classes?.get('anon')).toBe(10);
    now = HOUR - 1;
    start();
    expect(scans).toHaveLength(1);
    now = HOUR;
    start();
    expect(scans).toHaveLength(2);
    // Until the next scan has ended, the figures are those of the last one.
    expect(classes.classes?.get('anon')).toBe(10);
    scans[1]?.(new Error('killed'), '');
    expect([errors, classes.classes]).toEqual([1, undefined]);
  });
});
