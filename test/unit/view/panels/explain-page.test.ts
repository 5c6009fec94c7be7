import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderExplainPage } from '#src/view/panels/explain-page.ts';
import { renderFrame } from '#src/view/panels/frame.ts';
import type { ExplainDialog, Explained, View } from '#src/view/state/view.ts';
import { textOf } from '#src/view/text/cells.ts';
import { golden } from '../../../paths.ts';
import { EXPLAIN_RECORD, EXPLANATION } from '../example-explanation.ts';
import { drawn, sceneView, widthsOf } from './scene.ts';

const READ: Explained = { state: 'read', explanation: { ...EXPLANATION, elapsedMs: 95_000 } };
const COUNTERS: Explained = {
  state: 'read',
  explanation: {
    ...EXPLAIN_RECORD,
    moment: 'exceeded',
    message: 'current.max <= 64MiB: 102 MiB',
    method: 'counters',
    reason: 'bpf(BPF_PROG_LOAD): EPERM',
    hint: 'run with sudo',
  },
};

function dialogOf(selected = '0', toggled: string[] = []): ExplainDialog {
  return { kind: 'explain', selected, toggled: new Set(toggled) };
}

function viewOf(explained: Explained | undefined, dialog = dialogOf(), more: Partial<View> = {}): View {
  return sceneView({ ui: { dialog }, view: { ...(explained === undefined ? {} : { explained }), ...more } });
}

test('at common terminal sizes', async () => {
  const atFile = dialogOf('0.1.0.1', ['0.0.0']);
  const sizes = [
    { width: 80, height: 20 },
    { width: 120, height: 36 },
    { width: 40, height: 9 },
  ];
  const pictures = sizes.flatMap((size) => [
    ['memory by name', size, renderExplainPage(viewOf(READ), dialogOf(), size)] as const,
    [
      'memory by name in ASCII, a file selected',
      size,
      renderExplainPage(viewOf(READ, atFile, { unicode: false }), atFile, size),
    ] as const,
    ['memory by name from counters', size, renderExplainPage(viewOf(COUNTERS), dialogOf(), size)] as const,
  ]);
  await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/explain.txt'));
});

describe('before there is a tree', () => {
  const size = { width: 80, height: 24 };
  const text = (explained: Explained | undefined) =>
    renderFrame(viewOf(explained), size).lines.map(textOf).join('\n');

  test('the share of the pages that was read is shown', () => {
    expect(text(undefined)).toMatch(/reading pages… *$/m);
    expect(text({ state: 'reading', share: 0.42 })).toMatch(/reading pages… 42% *$/m);
  });

  test('an error is shown with its hint', () => {
    const failed = text({ state: 'failed', message: 'no \u001b[2J cgroup', hint: 'cmemstat doctor' });
    expect(failed).toMatch(/^ {2}no \\x1b\[2J cgroup \(hint: cmemstat doctor\) *$/m);
    expect(failed).toMatch(/^━\[Memory by name]━/m);
    expect(failed).toMatch(/^ Esc close .* e read again/m);
  });
});

test('it has exactly its size, and nothing in it moves a cursor', () => {
  const explained = fc.constantFrom<Explained | undefined>(undefined, READ, COUNTERS, {
    state: 'failed',
    message: 'x'.repeat(200),
  });
  const selected = fc.constantFrom('0', '0.1.0.0', '0.1.0.1', '0.1.0.more', '9.9');
  const toggled = fc.subarray(['0', '0.0.0', '0.1', '0.1.0', '0.1.0.more', '7']);
  const units = fc.constantFrom('readable' as const, 'KiB' as const, 'bytes' as const);
  const size = fc.record({
    width: fc.integer({ min: 1, max: 200 }),
    height: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(
      explained,
      selected,
      toggled,
      units,
      fc.boolean(),
      size,
      (known, id, ids, unit, unicode, at) => {
        const dialog = dialogOf(id, ids);
        const view = sceneView({
          ui: { dialog, units: unit },
          view: { unicode, ...(known === undefined ? {} : { explained: known }) },
        });
        for (const lines of [renderExplainPage(view, dialog, at), renderFrame(view, at).lines]) {
          expect(lines).toHaveLength(at.height);
          expect([...new Set(widthsOf(lines))]).toEqual([at.width]);
          expect(lines.map(textOf).join('')).not.toMatch(unicode ? /\p{Cc}/u : /[^\x20-\x7e]/);
        }
      },
    ),
    { numRuns: 150 },
  );
});
