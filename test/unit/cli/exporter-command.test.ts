import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toExporterOptions } from '#src/cli/commands/exporter-command.ts';

const directory = mkdtempSync(join(tmpdir(), 'cmemstat-exporter-'));
afterAll(() => rmSync(directory, { recursive: true }));

function config(text: string): string {
  const file = join(directory, 'exporter.json');
  writeFileSync(file, text);
  return file;
}

describe('the options of the exporter', () => {
  it('have defaults', () => {
    expect(toExporterOptions({})).toEqual({
      host: '127.0.0.1',
      port: 9753,
      matches: undefined,
      maxSeries: undefined,
      withCadvisorNames: false,
      explainEveryMs: undefined,
    });
  });

  it.each([
    [':80', '::', 80],
    ['[::1]:9753', '::1', 9753],
    ['localhost:0', '127.0.0.1', 0],
    ['agent.example:80', 'agent.example', 80],
    ['9753', '127.0.0.1', 9753],
    ['0.0.0.0:65535', '0.0.0.0', 65_535],
  ])('listen on %s', (listen, host, port) => {
    expect(toExporterOptions({ listen })).toMatchObject({ host, port });
  });

  it('come from a file, and the command line wins', () => {
    const file = config(
      '{"version": 1, "listen": ":1234", "cgroups": ["web", "db*"], "maxSeries": 500, "cadvisorNames": true, "explain": "6h"}',
    );
    const options = toExporterOptions({ config: file, maxSeries: '700' });
    expect(options).toMatchObject({
      host: '::',
      port: 1234,
      maxSeries: 700,
      withCadvisorNames: true,
      explainEveryMs: 21_600_000,
    });
    expect(['web-1', 'db1', 'cache'].map((name) => options.matches?.(name))).toEqual([true, true, false]);
  });

  it.each([
    [{ listen: '1.2.3:80' }, '--listen 1.2.3:80: expected HOST:PORT'],
    [{ listen: 'a:65536' }, '--listen a:65536: expected HOST:PORT'],
    [{ listen: '::1:80' }, '--listen ::1:80: expected HOST:PORT'],
    [{ maxSeries: '59' }, '--max-series 59: must be at least 60, which each host has'],
    [{ maxSeries: 'many' }, '--max-series many: expected a number of at least 1'],
    [{ explain: '59min' }, '--explain 59min: must be from 1h to 24 days'],
    [{ cgroup: ['[z-a]'] }, '--cgroup [z-a]: [z-a] is not a valid range: it is reversed'],
    [{ cgroup: [''] }, '--cgroup: a pattern is empty'],
    [{ config: '/nonexistent/x.json' }, '--config /nonexistent/x.json: no such file or directory'],
    [{ config: '/dev/zero' }, '/dev/zero: not JSON'],
  ])('that are wrong are named: %o', (flags, message) => {
    expect(() => toExporterOptions(flags)).toThrow(message);
  });

  it.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['[]', 'exporter.json'],
    ['{}', 'version'],
    ['{"version": 2}', 'version'],
    ['{"version": 1, "port": 1}', 'port'],
    ['{"version": 1, "maxSeries": 10}', 'maxSeries'],
    ['{"version": 1, "maxSeries": "500"}', 'maxSeries'],
    ['{"version": 1, "listen": "nowhere"}', 'listen nowhere: expected HOST:PORT'],
    ['{"version": 1, "cgroups": ["[z-a]"]}', 'cgroups [z-a]'],
    ['{"version": 1, "explain": "1min"}', 'explain 1min: must be from 1h'],
    ['{"version": 1, "cadvisorNames": "yes"}', 'cadvisorNames'],
  ])('in a file that are wrong are named with the file: %s', (text, part) => {
    const file = config(text);
    const parse = () => toExporterOptions({ config: file });
    expect(parse).toThrow(part);
    expect(parse).toThrow(file);
    expect(parse).toThrow(/^[^\n]*$/);
  });
});
