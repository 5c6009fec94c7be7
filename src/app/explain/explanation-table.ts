/** An explanation as text: a tree with sizes, shares, and how each part can be reclaimed. */

import { type Align, alignColumns } from '../../format/align-columns.ts';
import { hintSuffix } from '../../format/hint.ts';
import { plural } from '../../format/plural.ts';
import { safeLine, safeText } from '../../format/safe-text.ts';
import { formatBytes, formatDuration, formatPercent } from '../../format/units.ts';
import { cutLine, printableLines, widthOfText } from '../../format/wrap-lines.ts';
import type { Explanation, MemoryNode } from '../../model/explain/explanation.ts';
import { unnamedBytes } from '../../model/explain/memory-tree.ts';
import { methodText, nodeText } from '../../output/explanation-text.ts';

/** Formatting options. */
export interface ExplanationStyle {
  plainBytes: boolean;
  /** Maximum line width; absent for no limit. */
  columns?: number | undefined;
}

/** The columns before the names, and the width of the terminal from which on there is room for them. */
const FIGURES = [
  { name: 'bytes', align: 'right', from: 0 },
  { name: 'share', align: 'right', from: 50 },
  { name: 'reclaim', align: 'left', from: 65 },
] as const;

/** The lines of an explanation whose tree is already abbreviated. */
export function renderExplanation(explanation: Explanation, style: ExplanationStyle): string[] {
  const { tree, beside, columns } = { ...explanation, columns: style.columns };
  const size = style.plainBytes ? String : formatBytes;
  const total = Math.max(1, tree.bytes);
  const shown = FIGURES.filter(({ from }) => columns === undefined || columns >= from);
  const figures = ({ bytes, reclaim }: MemoryNode) => {
    const cells = { bytes: size(bytes), share: formatPercent(bytes / total), reclaim };
    return shown.map(({ name }) => cells[name]);
  };
  const head = shown.map(({ name }) => name);
  const aligns = shown.map(({ align }) => align);
  const besideRows = beside.flatMap((node) => treeRows(node, '  ', '  '));
  return [
    ...tableLines(treeRows(tree, '  ', '  '), aligns, { figures, head, columns }),
    ...printableLines(footLines(explanation, size), columns),
    ...(besideRows.length === 0
      ? []
      : [
          '',
          ...printableLines(['not charged to this cgroup, or counted elsewhere:'], columns),
          ...tableLines(besideRows, ['left', 'right'], {
            figures: ({ bytes }) => ['', size(bytes)],
            columns,
          }),
        ]),
    ...adviceLines(explanation, columns),
  ];
}

/** A node with the lines that lead to it. */
interface TreeRow {
  node: MemoryNode;
  lead: string;
}

function treeRows(node: MemoryNode, first: string, next: string): TreeRow[] {
  const children = node.children ?? [];
  return [
    { node, lead: first },
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      return treeRows(child, `${next}${isLast ? '└─ ' : '├─ '}`, `${next}${isLast ? '   ' : '│  '}`);
    }),
  ];
}

interface TableParts {
  figures: (node: MemoryNode) => string[];
  head?: string[];
  columns: number | undefined;
}

/** The figures of each node in columns, then its name, shortened to what is left of the line. */
function tableLines(
  rows: readonly TreeRow[],
  align: Align[],
  { figures, head, columns }: TableParts,
): string[] {
  // The mark keeps the spaces at the end of the last column.
  const cells = rows.map(({ node }) => [...figures(node), '|']);
  const aligned = alignColumns(head === undefined ? cells : [[...head, '|'], ...cells], [
    ...align,
    'left',
  ]).map((line) => line.slice(0, -3));
  const starts = head === undefined ? aligned : aligned.slice(1);
  const lines = rows.map(({ node, lead }, index) => {
    const start = `${starts[index] ?? ''}${lead}`;
    return `${start}${nodeText(node, columns === undefined ? undefined : columns - widthOfText(start))}`;
  });
  const title = head === undefined ? [] : [`${aligned[0] ?? ''}  name`];
  return [...title, ...lines].map((line) => cutLine(safeLine(line), columns));
}

function footLines(explanation: Explanation, size: (bytes: number) => string): string[] {
  const { method, reason, hint, before, after, scanMs, scannedPages, sample, frozen, missing } = explanation;
  const moved = (after.current ?? 0) - (before.current ?? 0);
  const { tree } = explanation;
  const share = tree.bytes === 0 ? 0 : 1 - unnamedBytes(tree) / tree.bytes;
  const named = `${(share * 100).toFixed(2)}% of the tree has a name`;
  return [
    '',
    before.current === undefined || after.current === undefined
      ? named
      : `memory.current: ${size(before.current)} before, ${size(after.current)} after${moved === 0 || frozen ? '' : ' (it changed meanwhile)'}; ${named}`,
    `method: ${methodText(method)}${scannedPages === undefined ? '' : ` (${plural(scannedPages, 'page')}${scanMs === undefined ? '' : ` in ${formatDuration(scanMs)}`})`}`,
    ...(reason === undefined ? [] : [`why: ${reason}${hintSuffix(hint)}`]),
    ...(sample === undefined
      ? []
      : [
          `an estimate from one page in ${sample.every}: ${sample.standardErrorBytes === undefined ? 'its error is unknown' : `± ${size(Math.round(2 * sample.standardErrorBytes))} (95%)`}`,
        ]),
    ...missing.map(({ term, reason: why, hint: how }) => `missing: ${term}: ${why}${hintSuffix(how)}`),
  ].map(safeText);
}

function adviceLines({ advice }: Explanation, columns: number | undefined): string[] {
  return advice.length === 0
    ? []
    : ['', ...printableLines(['advice:', ...advice.map(({ text }) => `  ${safeText(text)}`)], columns)];
}
