import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSide } from '#src/budget/comparison/inputs.ts';
import { readBudgetFile } from '#src/cli/options/gate-plan.ts';
import { withoutByteOrderMark } from '#src/format/byte-order-mark.ts';
import { parseRecordLine } from '#src/recording/parse-line.ts';
import { parseVerdict } from '#src/recording/parse-verdict.ts';

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-bom-'));
afterAll(() => rmSync(folder, { recursive: true }));
const MARK = '\ufeff';
const written = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, MARK + text);
  return path;
};

it('is removed at the start only', () => {
  expect(withoutByteOrderMark(`${MARK}a${MARK}`)).toBe(`a${MARK}`);
  expect(withoutByteOrderMark('a')).toBe('a');
});

it('is accepted by every input', async () => {
  const event = '{"type":"event","elapsedMs":1,"event":"warning","message":"m"}';
  expect(parseRecordLine(MARK + event)).toEqual(parseRecordLine(event));
  expect(parseRecordLine(event)).toHaveProperty('record');
  const file = written('budget.json', '{"version":2,"budgets":[{"name":"a","budget":"anon<=1MiB"}]}');
  expect(readBudgetFile(file)?.budgets).toHaveLength(1);
  // Both are recognized, and then rejected for what they lack.
  expect(() => parseVerdict(`${MARK}{"type":"verdict","version":2}`, 'v')).toThrow('invalid verdict');
  await expect(readSide(written('verdict.json', '{"type":"verdict"}'))).rejects.toThrow(
    'a verdict contains only the values of its budgets',
  );
});
