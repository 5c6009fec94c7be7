/** What grew by name, as lines of text and as a Markdown table. */
import { formatBytes, formatDuration } from '../format/units.ts';
import type { GrownName, GrownNames } from '../model/explain/grown-names.ts';
import { momentText } from '../output/moment-text.ts';
import { codeCell, codeSpan, type TableColumn, table } from './markdown-text.ts';
import { oneLine } from './outside-text.ts';
import { formatSigned, type TimeOrigin } from './wording.ts';

const SIZE_WIDTH = 10;

/** The lines, indented by two spaces per level. */
export function grownNameLines(grown: GrownNames | undefined, origin: TimeOrigin): string[] {
  if (grown === undefined) return [];
  const { names, baseline } = grown;
  const heading = headingOf(grown, origin);
  if (names.length === 0) return [`${heading}: none`];
  return [
    `${heading}:`,
    ...names.map((name) => {
      const [size, was] = [formatBytes(name.bytes), formatBefore(name)];
      return baseline === undefined
        ? `  ${size.padStart(SIZE_WIDTH)}  ${nameOf(name)}`
        : `  ${growthOf(name).padStart(SIZE_WIDTH + 1)}  ${nameOf(name)}: ${was} -> ${size}`;
    }),
  ];
}

/** The same as a heading and a table. */
export function grownNameTable(grown: GrownNames | undefined, origin: TimeOrigin): string[] {
  if (grown === undefined) return [];
  const { names, baseline } = grown;
  const heading = codeSpan(`${headingOf(grown, origin)}${names.length === 0 ? ': none' : ''}`);
  const left: TableColumn = { heading: 'Name', align: 'left' };
  const right = (text: string): TableColumn => ({ heading: text, align: 'right' });
  return [
    heading,
    '',
    ...(baseline === undefined
      ? table(
          [left, right('Bytes')],
          names.map((name) => [codeCell(nameOf(name)), formatBytes(name.bytes)]),
        )
      : table(
          [left, right('Baseline'), right('Now'), right('Growth')],
          names.map((name) => [
            codeCell(nameOf(name)),
            formatBefore(name),
            formatBytes(name.bytes),
            growthOf(name),
          ]),
        )),
  ];
}

function headingOf({ moment, elapsedMs, method, baseline, reason }: GrownNames, origin: TimeOrigin): string {
  const when = `${momentText(moment)}, ${formatDuration(elapsedMs)} after the ${origin}`;
  const how = method === 'pages' ? '' : '; without a page scan';
  if (baseline !== undefined) {
    return `names that grew most since the baseline's memory ${momentText(baseline)} (${when}${how})`;
  }
  const why = reason === undefined ? '' : `; ${oneLine(reason)}`;
  return `largest names (${when}${how}${why})`;
}

function nameOf({ name, kind }: GrownName): string {
  return oneLine(name) || `(${kind} without a name)`;
}

function formatBefore({ baselineBytes = 0, baselineAtMost }: GrownName): string {
  return baselineAtMost === undefined ? formatBytes(baselineBytes) : `at most ${formatBytes(baselineAtMost)}`;
}

function growthOf({ bytes, baselineBytes = 0, baselineAtMost = 0 }: GrownName): string {
  return formatSigned(bytes - baselineBytes - baselineAtMost, 'bytes');
}
