import { afterEach, expect, it, vi } from 'vitest';
import { PrefixedLines } from '../../vm/prefixed-lines.ts';

afterEach(() => vi.restoreAllMocks());

it('prints whole lines of both streams with the name of the guest, and keeps divided characters', () => {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  const lines = new PrefixedLines('6.12');
  const [stdout, stderr] = [lines.reader(), lines.reader()];
  const mark = Buffer.from('×');
  stdout(mark.subarray(0, 1));
  stderr(Buffer.from('warning\n'));
  stdout(Buffer.concat([mark.subarray(1), Buffer.from(' a.test.ts > fails\nend')]));
  expect(printed).toBe('[6.12] warning\n[6.12] × a.test.ts > fails\n');
  lines.end();
  expect(printed).toBe('[6.12] warning\n[6.12] × a.test.ts > fails\n[6.12] end\n');
  expect(lines.text).toBe('warning\n× a.test.ts > fails\nend\n');
});
