/** `--report github`: annotations as workflow commands, and the step summary. */
import type { Verdict } from '../model/verdict.ts';
import { type Finding, findingsOf, notesOf } from './findings.ts';
import { renderMarkdownReport } from './markdown.ts';

/** GitHub's size limit for a step summary. Unit: bytes. */
export const SUMMARY_LIMIT_BYTES = 1024 * 1024;

const KINDS: Readonly<Record<Finding['kind'], string>> = {
  budget: 'Memory budget',
  regression: 'Memory regression',
  comparison: 'Memory comparison',
  leftover: 'Memory left behind',
  target: 'Target',
  tool: 'cmemstat failed',
};

/**
 * The workflow commands, one per line; empty if there are none. GitHub shows at most ten errors and ten
 * warnings per step.
 */
export function renderGithubReport(verdict: Verdict): string {
  const findings = findingsOf(verdict);
  const those = (...states: Finding['state'][]) => findings.filter(({ state }) => states.includes(state));
  const commands = [
    ...those('failed', 'not-measured').map((finding) => annotation('error', finding)),
    ...those('warning').map((finding) => annotation('warning', finding)),
    ...notesOf(verdict).map((note) => command('warning', 'cmemstat', note)),
  ];
  return commands.map((line) => `${line}\n`).join('');
}

function annotation(level: 'error' | 'warning', { kind, title, headline, details }: Finding): string {
  const named = kind === 'budget' || kind === 'regression' ? `${KINDS[kind]}: ${title}` : KINDS[kind];
  return command(level, named, [headline, ...details].join('\n'));
}

function command(level: 'error' | 'warning', title: string, message: string): string {
  return `::${level} title=${escapeProperty(title)}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/**
 * The text to append to the file named by GITHUB_STEP_SUMMARY: the Markdown report, truncated to GitHub's
 * limit. `limitBytes`: the remaining space.
 */
export function githubStepSummary(verdict: Verdict, limitBytes: number = SUMMARY_LIMIT_BYTES): string {
  const whole = renderMarkdownReport(verdict);
  if (Buffer.byteLength(whole) <= limitBytes) return whole;
  const note = '\n_Truncated: GitHub accepts at most 1 MiB._\n';
  const closing = '\n</details>\n';
  let room = limitBytes - Buffer.byteLength(note) - Buffer.byteLength(closing);
  let open = false;
  let cut = '';
  for (const line of whole.split('\n')) {
    room -= Buffer.byteLength(line) + 1;
    if (room < 0) break;
    cut += `${line}\n`;
    if (line.startsWith('<details')) open = true;
    if (line === '</details>') open = false;
  }
  return cut === '' ? '' : `${cut}${open ? closing : ''}${note}`;
}
