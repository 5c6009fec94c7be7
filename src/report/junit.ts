/** `--report junit`: JUnit XML for Jenkins and GitLab, in the common structure of Ant's report. */
import type { Verdict } from '../model/verdict.ts';
import { type Finding, findingsOf, notesOf } from './findings.ts';
import { escapeMarkup, oneLine, oneLineCommand } from './outside-text.ts';
import { describeExit, describeHost, describeOutcome, describeTimes } from './wording.ts';

/** The report as one XML document. */
export function renderJunitReport(verdict: Verdict): string {
  const findings = findingsOf(verdict);
  const count = (...states: Finding['state'][]) =>
    findings.filter(({ state }) => states.includes(state)).length;
  const suite = attributes({
    name: 'cmemstat',
    // The common schema has no time zone: the time is UTC.
    timestamp: oneLine(verdict.time).replace(/\.\d+Z$|Z$/, ''),
    hostname: 'localhost',
    tests: findings.length,
    failures: count('failed'),
    errors: count('not-measured'),
    skipped: count('warning'),
    time: seconds(verdict.durationMs),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite${suite}>`,
    ...properties(verdict),
    ...findings.flatMap((finding) => testcase(finding, verdict)),
    `  <system-out>${escapeMarkup(systemOut(verdict))}</system-out>`,
    `  <system-err>${escapeMarkup(notesOf(verdict).join('\n'))}</system-err>`,
    '</testsuite>',
    '',
  ].join('\n');
}

function properties(verdict: Verdict): string[] {
  const entries: [name: string, value: string][] = [
    ['command', oneLineCommand(verdict.command)],
    ['mode', verdict.mode],
    ['kernel', verdict.host.kernel],
    ['arch', verdict.host.arch],
    ['cpus', String(verdict.host.cpus)],
    ['runs', String(verdict.runs.count)],
    ['evaluated-on', verdict.runs.evaluatedOn],
    ['status', verdict.status],
    ['exit-status', String(verdict.exitStatus)],
    ['cmemstat', verdict.cmemstat],
  ];
  return [
    '  <properties>',
    ...entries.map(([name, value]) => `    <property${attributes({ name, value: oneLine(value) })}/>`),
    '  </properties>',
  ];
}

function testcase(finding: Finding, verdict: Verdict): string[] {
  const { kind, title, state } = finding;
  const head = `  <testcase${attributes({
    classname: `cmemstat.${kind}`,
    name: title,
    // The times of all test cases are added up: the target's is the only one that took any.
    time: kind === 'target' ? seconds(verdict.durationMs) : '0',
  })}`;
  if (state === 'passed') return [`${head}/>`];
  return [`${head}>`, outcome(finding), '  </testcase>'];
}

function outcome({ kind, state, headline, details }: Finding): string {
  if (state === 'warning') return `    <skipped${attributes({ message: headline })}/>`;
  const element = state === 'failed' ? 'failure' : 'error';
  const type = state === 'failed' ? `${kind}-failed` : `${kind}-not-measured`;
  // GitLab only shows the text, Jenkins both.
  const body = [headline, ...details].join('\n');
  return `    <${element}${attributes({ message: headline, type })}>${escapeMarkup(body)}</${element}>`;
}

function systemOut(verdict: Verdict): string {
  const lines = [describeOutcome(verdict), describeHost(verdict), describeTimes(verdict)];
  return [...lines, `gate: ${describeExit(verdict)}`].filter((line) => line !== undefined).join('\n');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeMarkup(String(value))}"`)
    .join('');
}
