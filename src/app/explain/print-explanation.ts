/** `cmemstat explain`: reads the memory of a cgroup or of the host by name, and prints it. */
import type { FoundCgroup } from '../../cgroup/find-cgroup.ts';
import { formatTable, type Separator } from '../../export/delimited-text.ts';
import { explainColumns, explainRows } from '../../export/explain-rows.ts';
import { jsonLines } from '../../format/json-lines.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import type { Explanation } from '../../model/explain/explanation.ts';
import { foldTree } from '../../model/explain/memory-tree.ts';
import { ProgressLine } from '../../output/progress-line.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { terminalWidth } from '../../output/terminal-width.ts';
import { openTextFile } from '../../output/text-file.ts';
import { VERSION } from '../../version.ts';
import { withSmallYoungGeneration } from '../v8-flags.ts';
import { explainCgroup } from './explain.ts';
import { explainHost } from './explain-host.ts';
import { renderExplanation } from './explanation-table.ts';
import { type ExplainKey, groupTree, isOfFiles } from './group-by.ts';

/** What to print, and how. */
export interface PrintExplanationOptions {
  /** Undefined for the whole host. */
  cgroup: FoundCgroup | undefined;
  by: ExplainKey | undefined;
  /** Lines below each line; undefined for the default of the format. */
  top: number | undefined;
  /** Unit: bytes; undefined for the default of the format. */
  minBytes: number | undefined;
  /** Read one in this many pages. */
  sample: number | undefined;
  names: boolean;
  freeze: boolean;
  used: boolean;
  plainBytes: boolean;
  json: boolean;
  /** Rows of values with this between them; undefined for the other formats. */
  separator: Separator | undefined;
  /** Writes a page to this file instead; undefined for none. */
  htmlFile: string | undefined;
}

const DEFAULT_TOP = 10;
/** Smaller parts are combined in text. */
const DEFAULT_MIN_SHARE = 0.001;
/** A shorter scan needs no progress line. Unit: milliseconds. */
const PROGRESS_AFTER_MS = 1000;

/**
 * Prints an explanation as text or as one JSON document.
 * @throws ToolError if nothing can be read; OutputError.
 */
export async function printExplanation(options: PrintExplanationOptions): Promise<void> {
  const { htmlFile } = options;
  await withSmallYoungGeneration(() =>
    htmlFile === undefined ? explainAndPrint(options) : writePage(htmlFile, options),
  );
}

async function explainAndPrint(options: PrintExplanationOptions): Promise<void> {
  const shown = abbreviate(await explainWithProgress(options), options);
  const output = new StandardOutput();
  if (options.json) {
    await output.writeAll(jsonLines(toExplainDocument(shown)));
    return;
  }
  if (options.separator !== undefined) {
    await output.writeAll(formatTable(explainColumns, explainRows(shown), options.separator));
    return;
  }
  const columns = terminalWidth(1);
  await output.writeAll(renderExplanation(shown, { plainBytes: options.plainBytes, columns }));
}

/** What writes a page is only loaded here. */
async function writePage(file: string, options: PrintExplanationOptions): Promise<void> {
  const target = openTextFile('--html', file);
  const explanation = await explainWithProgress(options);
  const { renderExplanationPage } = await import('./explanation-html.ts');
  const tree = options.by === undefined ? explanation.tree : groupTree(explanation.tree, options.by);
  await target.write(renderExplanationPage({ ...explanation, tree }, new Date()));
}

/** The document of `--json`. */
export function toExplainDocument(explanation: Explanation): Record<string, unknown> {
  return { version: 1, cmemstat: VERSION, ...explanation };
}

async function explainWithProgress(options: PrintExplanationOptions): Promise<Explanation> {
  const line = new ProgressLine();
  const startMs = monotonicMs();
  try {
    const how = {
      ...options,
      sumsFiles: options.by !== undefined && isOfFiles(options.by),
      onProgress: (share: number) => {
        if (monotonicMs() - startMs < PROGRESS_AFTER_MS) return;
        line.show(`reading pages: ${Math.floor(share * 100)}%`);
      },
    };
    const { cgroup } = options;
    return await (cgroup === undefined ? explainHost(how) : explainCgroup(cgroup, how));
  } finally {
    line.clear();
  }
}

function abbreviate(explanation: Explanation, options: PrintExplanationOptions): Explanation {
  const { by, json, separator, top, minBytes } = options;
  const isWhole = json || separator !== undefined;
  const tree = by === undefined ? explanation.tree : groupTree(explanation.tree, by);
  const limits = {
    top: top ?? (isWhole ? undefined : DEFAULT_TOP),
    minBytes: minBytes ?? (isWhole ? 0 : Math.floor(tree.bytes * DEFAULT_MIN_SHARE)),
  };
  const beside = explanation.beside.map((node) => foldTree(node, limits));
  return { ...explanation, tree: foldTree(tree, limits), beside };
}
