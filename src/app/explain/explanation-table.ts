/** An explanation as text: a tree with sizes, shares, and how each part can be reclaimed. */
import { alignColumns } from '../../format/align-columns.ts';
import { plural } from '../../format/plural.ts';
import { safeLine, safeText } from '../../format/safe-text.ts';
import { formatBytes, formatDuration } from '../../format/units.ts';
import { printableLines } from '../../format/wrap-lines.ts';
import type { Explanation, MemoryNode } from '../../model/explain/explanation.ts';
import { unnamedBytes } from '../../model/explain/memory-tree.ts';
import { METHOD_TEXT, nodeText } from '../../output/explanation-text.ts';

/** Formatting options. */
export interface ExplanationStyle {
  plainBytes: boolean;
  /** Maximum line width; absent for no limit. */
  columns?: number | undefined;
}

/** The lines of an explanation whose tree is already abbreviated. */
export function renderExplanation(explanation: Explanation, style: ExplanationStyle): string[] {
  const { tree, beside, columns } = { ...explanation, columns: style.columns };
  const size = style.plainBytes ? String : formatBytes;
  const total = Math.max(1, tree.bytes);
  const rows = [
    ['bytes', 'share', 'reclaim', 'name'],
    ...treeRows(tree, '', '').map(({ node, text }) => [
      size(node.bytes),
      `${((node.bytes / total) * 100).toFixed(1)}%`,
      node.reclaim,
      text,
    ]),
  ];
  const besideRows = beside.flatMap((node) =>
    treeRows(node, '', '').map(({ node: shown, text }) => [size(shown.bytes), text]),
  );
  return [
    ...alignColumns(rows, ['right', 'right', 'left', 'left']).map((line) => cut(safeLine(line), columns)),
    ...printableLines(footLines(explanation, size), columns),
    ...(besideRows.length === 0
      ? []
      : [
          '',
          ...printableLines(['not charged to this cgroup, or counted elsewhere:'], columns),
          ...alignColumns(besideRows, ['right', 'left']).map((line) => cut(safeLine(`  ${line}`), columns)),
        ]),
    ...adviceLines(explanation, columns),
  ];
}

/** Each node with the text of its line, which shows its place in the tree. */
function treeRows(node: MemoryNode, first: string, next: string): { node: MemoryNode; text: string }[] {
  const children = node.children ?? [];
  return [
    { node, text: `${first}${nodeText(node)}` },
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      return treeRows(child, `${next}${isLast ? '└─ ' : '├─ '}`, `${next}${isLast ? '   ' : '│  '}`);
    }),
  ];
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
    `method: ${METHOD_TEXT[method]}${scannedPages === undefined ? '' : ` (${plural(scannedPages, 'page')}${scanMs === undefined ? '' : ` in ${formatDuration(scanMs)}`})`}`,
    ...(reason === undefined ? [] : [`why: ${reason}${hint === undefined ? '' : ` (hint: ${hint})`}`]),
    ...(sample === undefined
      ? []
      : [
          `an estimate from one page in ${sample.every}: ${sample.standardErrorBytes === undefined ? 'its error is unknown' : `± ${size(Math.round(2 * sample.standardErrorBytes))} (95%)`}`,
        ]),
    ...missing.map(
      ({ term, reason: why, hint: how }) =>
        `missing: ${term}: ${why}${how === undefined ? '' : ` (hint: ${how})`}`,
    ),
  ].map(safeText);
}

function adviceLines({ advice }: Explanation, columns: number | undefined): string[] {
  return advice.length === 0
    ? []
    : ['', ...printableLines(['advice:', ...advice.map(({ text }) => `  ${safeText(text)}`)], columns)];
}

function cut(line: string, columns: number | undefined): string {
  return columns !== undefined && line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
}
