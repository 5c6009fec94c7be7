/** The step of action.yml with the built binary, started like by GitHub's runner. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect } from 'vitest';
import type { Verdict } from '#src/model/verdict.ts';
import { BINARY, needs, type Outcome, SLOWNESS, scratch, start, testWith } from '../harness.ts';

const SCRIPT = resolve(import.meta.dirname, '../../../action/run.sh');

interface Step extends Outcome {
  outputs: Record<string, string>;
  summary: string;
}

/** Runs the step; the runner's files exist already and may have content. */
async function runStep(inputs: Record<string, string>): Promise<Step> {
  const directory = mkdtempSync(join(scratch, 'runner-'));
  const [output, summary] = [join(directory, 'output'), join(directory, 'summary')];
  writeFileSync(output, 'before=1\n');
  writeFileSync(summary, 'before\n');
  const env = {
    RUNNER_TEMP: directory,
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
    CMEMSTAT_COMMAND: BINARY,
    INPUT_WORKING_DIRECTORY: directory,
    INPUT_REPORTS: 'text\ngithub\njunit:junit.xml',
    ...inputs,
  };
  const outcome = await start('bash', [SCRIPT], { input: '', env }).ended;
  const lines = readFileSync(output, 'utf8').trim().split('\n');
  return {
    ...outcome,
    outputs: Object.fromEntries(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)])),
    summary: readFileSync(summary, 'utf8'),
  };
}

const verdictOf = (step: Step): Verdict => JSON.parse(readFileSync(step.outputs.verdict ?? '', 'utf8'));

describe('action/run.sh', () => {
  testWith([needs.cgroup, needs.root], 'passes when all budgets pass', async () => {
    const step = await runStep({ INPUT_COMMAND: `sleep ${1.2 * SLOWNESS}`, INPUT_BUDGETS: 'anon<=1GiB' });
    expect(step.status).toBe(0);
    expect(step.outputs).toMatchObject({ before: '1', 'exit-status': '0' });
    expect(verdictOf(step)).toMatchObject({ status: 'passed', exitStatus: 0 });
    expect(step.stdout).not.toContain('::error');
    expect(step.summary).toMatch(/^before\n[\s\S]*1 of 1 budget passed/);
    expect(readFileSync(step.outputs.recording ?? '', 'utf8')).toMatch(/^\{"type":"start"/);
  });

  testWith([needs.cgroup, needs.root], 'fails with 3 and an annotation when one failed', async () => {
    const step = await runStep({ INPUT_COMMAND: `sleep ${1.2 * SLOWNESS}`, INPUT_BUDGETS: 'processes<=0' });
    expect(step.status).toBe(3);
    expect(step.outputs['exit-status']).toBe('3');
    expect(verdictOf(step)).toMatchObject({ status: 'failed', exitStatus: 3 });
    expect(step.stdout).toMatch(/^::error title=Memory budget%3A processes<=0::/m);
    expect(step.summary).toContain('❌ FAILED | `processes<=0`');
    expect(step.stderr).toContain('✗ FAILED');
  });
});
