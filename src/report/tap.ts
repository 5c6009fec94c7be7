/** `--report tap`: the Test Anything Protocol version 14, which parsers of version 13 also accept. */
import type { Verdict } from '../model/verdict.ts';
import { type Finding, findingsOf, notesOf } from './findings.ts';
import { oneLineCommand } from './outside-text.ts';
import { describeExit, describeHost, describeTimes } from './wording.ts';

/** The report as newline-terminated lines. */
export function renderTapReport(verdict: Verdict): string {
  const findings = findingsOf(verdict);
  const times = describeTimes(verdict);
  const lines = [
    'TAP version 14',
    `1..${findings.length}`,
    `# ${oneLineCommand(verdict.command)}`,
    `# ${describeHost(verdict)}`,
    ...(times === undefined ? [] : [`# ${times}`]),
    ...findings.flatMap((finding, index) => testPoint(finding, index + 1)),
    ...notesOf(verdict).map((note) => `# warning: ${note}`),
    `# gate: ${describeExit(verdict)}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function testPoint({ title, state, headline, details }: Finding, number: number): string[] {
  const passed = state === 'passed' || state === 'warning';
  const directive = state === 'warning' ? ` # SKIP ${escapeTap(headline)}` : '';
  const point = `${passed ? 'ok' : 'not ok'} ${number} - ${escapeTap(title)}${directive}`;
  if (state === 'warning') return [point];
  // JSON is YAML.
  return [
    point,
    '  ---',
    `  message: ${JSON.stringify(headline)}`,
    ...(passed ? [] : [`  severity: ${state === 'failed' ? 'fail' : 'not-measured'}`]),
    ...(passed || details.length === 0
      ? []
      : ['  details:', ...details.map((detail) => `    - ${JSON.stringify(detail)}`)]),
    '  ...',
  ];
}

function escapeTap(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('#', '\\#');
}
