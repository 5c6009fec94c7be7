/** `cmemstat explain --html`: the memory of a cgroup or of the host by name, as a page. */

import { release } from 'node:os';
import { hintSuffix } from '../../format/hint.ts';
import { formatBytes, formatDuration } from '../../format/units.ts';
import type { Explanation, MemoryNode } from '../../model/explain/explanation.ts';
import { describeMethod, partOf } from '../../report/html/data/named-tree.ts';
import { readPageAssets } from '../../report/html/page-assets.ts';
import { renderPage } from '../../report/html/render-page.ts';
import { fact } from '../../report/html/sections/section.ts';
import { VERSION } from '../../version.ts';

const THRESHOLD = 0.005;

/** The page. @throws as `readPageAssets`. */
export function renderExplanationPage(
  explanation: Explanation,
  now: Date,
  assets = readPageAssets(),
): string {
  const { cgroup, method, reason, hint, tree, beside, missing, advice, sample, scanMs, scannedPages, after } =
    explanation;
  const note = `Source: ${describeMethod(method, reason)}.`;
  const current = after.current;
  return renderPage(
    {
      title: 'cmemstat explain',
      subject: `${cgroup ?? 'the whole host'} on Linux ${release()}`,
      runs: [],
      trees: [
        { label: 'Memory by name', note, root: partOf(tree) },
        ...beside.map((node: MemoryNode) => ({
          label: `Beside it: ${node.name}`,
          note: 'Not part of the sum: no cgroup pays for it, or it is counted elsewhere.',
          root: partOf(node),
        })),
      ],
      facts: [
        {
          heading: 'Reading',
          rows: [
            ['Time', now.toISOString()],
            ['Sum', formatBytes(tree.bytes)],
            ...fact(
              'Charged',
              current === undefined
                ? undefined
                : `${formatBytes(current)} (memory.current after the reading)`,
            ),
            ['Method', `${method}: ${describeMethod(method, reason)}${hintSuffix(hint)}`],
            ...fact('Estimate', sample === undefined ? undefined : `one in ${sample.every} pages was read`),
            ...fact(
              'Pages',
              scannedPages === undefined
                ? undefined
                : `${scannedPages} read in ${formatDuration(scanMs ?? 0)}`,
            ),
            ['cmemstat', VERSION],
          ],
        },
      ],
      advice: advice.map(({ text }) => ({ text })),
      notes: missing.map(
        ({ term, reason: why, hint: how }) => `${term} is missing: ${why}${hintSuffix(how)}`,
      ),
      recordings: [],
      threshold: THRESHOLD,
    },
    assets,
  );
}
