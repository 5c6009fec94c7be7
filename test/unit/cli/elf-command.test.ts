import { describe, expect, it } from 'vitest';
import { parseChange, parseCpuCounts } from '#src/cli/commands/elf-command.ts';

describe('--cpus', () => {
  it.each([
    ['4', [4]],
    ['128,4,16,4', [4, 16, 128]],
  ])('%s', (text, counts) => {
    expect(parseCpuCounts(text)).toEqual(counts);
  });

  it.each(['', '0', '4,', '4;5', 'x', '1.5', '-1', '1e9'])('refuses %o', (text) => {
    expect(() => parseCpuCounts(text)).toThrow(`--cpus ${text}: expected numbers from 1 to 65536`);
  });
});

describe('--set', () => {
  it.each([
    ['flows=1024', { map: 'flows', attribute: 'max_entries', value: 1024 }],
    ['events=8M', { map: 'events', attribute: 'max_entries', value: 8 << 20 }],
    ['stacks.value_size=1016', { map: 'stacks', attribute: 'value_size', value: 1016 }],
    ['.data.own.max_entries=2', { map: '.data.own', attribute: 'max_entries', value: 2 }],
    ['.rodata=1', { map: '.rodata', attribute: 'max_entries', value: 1 }],
  ])('%s', (text, change) => {
    expect(parseChange(text)).toEqual(change);
  });

  it.each(['flows', '=4', 'flows=', 'flows=x', 'flows=0', 'flows=-1', 'flows=5G'])('rejects %o', (text) => {
    expect(() => parseChange(text)).toThrow(`--set ${text}: `);
    expect(() => parseChange(text)).toThrow(/expected NAME=N|must be a number from 1 to/);
  });
});
