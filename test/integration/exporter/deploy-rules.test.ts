/** The files of deploy/ as the programs that read them see them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { PROJECT } from '../../paths.ts';
import { needsProgram, scratch, start, testWith } from '../harness.ts';

const DEPLOY = join(PROJECT, 'deploy');

testWith([needsProgram('promtool')], 'promtool finds the rules valid, and their tests pass', async () => {
  const checked = await start('promtool', ['check', 'rules', join(DEPLOY, 'prometheus/rules.yml')]).ended;
  expect(checked).toMatchObject({ status: 0, stderr: '' });
  const tested = await start('promtool', ['test', 'rules', join(DEPLOY, 'prometheus/rules.test.yml')]).ended;
  expect(tested).toMatchObject({ status: 0 });
  expect(tested.stdout).toContain('SUCCESS');
});

testWith(
  [needsProgram('promtool')],
  'promtool fails for a rule that no longer does what its test says',
  async () => {
    const folder = join(scratch, 'changed-rules');
    mkdirSync(folder);
    const rules = readFileSync(join(DEPLOY, 'prometheus/rules.yml'), 'utf8');
    writeFileSync(join(folder, 'rules.yml'), rules.replace('ratio > 0.9', 'ratio > 0.99'));
    writeFileSync(join(folder, 'test.yml'), readFileSync(join(DEPLOY, 'prometheus/rules.test.yml')));
    const tested = await start('promtool', ['test', 'rules', join(folder, 'test.yml')]).ended;
    expect(tested.status).toBe(1);
  },
);

testWith([needsProgram('promtool')], 'the queries of the dashboard are valid', async () => {
  const { panels } = JSON.parse(readFileSync(join(DEPLOY, 'grafana/cmemstat.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const rules = panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => ({
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
    })),
  );
  expect(rules.length).toBeGreaterThan(10);
  const file = join(scratch, 'dashboard.yml');
  // JSON is YAML.
  const numbered = rules.map((rule, at) => ({ record: `query:${at}`, ...rule }));
  const groups = [{ name: 'dashboard', rules: numbered }];
  writeFileSync(file, JSON.stringify({ groups }));
  const checked = await start('promtool', ['check', 'rules', file]).ended;
  expect(checked).toMatchObject({ status: 0, stderr: '' });
});

testWith(
  [needsProgram('systemd-analyze')],
  'systemd finds no fault in the unit, and little exposure',
  async () => {
    const unit = readFileSync(join(DEPLOY, 'systemd/cmemstat-exporter.service'), 'utf8');
    const folder = join(scratch, 'units');
    mkdirSync(folder);
    const file = join(folder, 'cmemstat-exporter.service');
    // The program is not installed here, and neither are its manual pages.
    writeFileSync(file, unit.replace('/usr/bin/cmemstat', '/bin/true').replace(/^Documentation=.*\n/m, ''));
    const verified = await start('systemd-analyze', ['verify', file]).ended;
    expect(verified).toMatchObject({ status: 0, stderr: '' });
    const rated = await start('systemd-analyze', ['security', '--offline=true', '--threshold=25', file])
      .ended;
    expect(rated).toMatchObject({ status: 0 });
    expect(rated.stdout).toContain('Overall exposure level');
  },
);
