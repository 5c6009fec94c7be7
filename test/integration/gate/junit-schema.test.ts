/**
 * The JUnit report against the structure that readers have in common; see test/fixtures/reports/SOURCE.md.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { renderJunitReport } from '#src/report/junit.ts';
import { required } from '../../required.ts';
import { examples } from '../../unit/report/example-verdicts.ts';
import { hostileVerdict } from '../../unit/report/hostile-verdicts.ts';
import { needsProgram, scratch, start, testWith } from '../harness.ts';

const SCHEMA = resolve(import.meta.dirname, '../../fixtures/reports/junit.xsd');

testWith([needsProgram('xmllint')], 'every JUnit report is valid by the common schema', async () => {
  const hostile = fc.sample(hostileVerdict, { numRuns: 50, seed: 5 });
  const files = [...Object.values(examples), ...hostile].map((verdict, index) => {
    const file = join(scratch, `junit-${index}.xml`);
    writeFileSync(file, renderJunitReport(verdict));
    return file;
  });
  const { status, stderr } = await start('xmllint', ['--noout', '--nonet', '--schema', SCHEMA, ...files])
    .ended;
  expect(stderr.split('\n').filter((line) => line !== '' && !line.endsWith(' validates'))).toEqual([]);
  expect(status).toBe(0);
});

testWith([needsProgram('xmllint')], 'the schema rejects invalid reports', async () => {
  const file = join(scratch, 'junit-wrong.xml');
  const report = renderJunitReport(required(examples.failed));
  const wrong = report.replace(' type="budget-failed"', '');
  expect(wrong).not.toBe(report);
  writeFileSync(file, wrong);
  const { status } = await start('xmllint', ['--noout', '--nonet', '--schema', SCHEMA, file]).ended;
  expect(status).not.toBe(0);
});
