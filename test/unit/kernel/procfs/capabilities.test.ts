import { describe, expect, it } from 'vitest';
import { parseEffectiveCapabilities } from '#src/kernel/procfs/capabilities.ts';

const status = (mask: string) => `Name:\tnode\nCapPrm:\tffffffffffffffff\nCapEff:\t${mask}\nCapBnd:\t0\n`;

describe('parseEffectiveCapabilities', () => {
  it.each([
    ['0000000000000000', []],
    ['000001ffffffffff', ['CAP_SYS_PTRACE', 'CAP_SYS_ADMIN', 'CAP_PERFMON', 'CAP_BPF']],
    ['000000c000000000', ['CAP_PERFMON', 'CAP_BPF']],
    ['0000000000200000', ['CAP_SYS_ADMIN']],
    // Docker's default set.
    ['00000000a80425fb', []],
  ])('reads %s', (mask, names) => {
    expect([...parseEffectiveCapabilities(status(mask))]).toEqual(names);
  });

  it.each(['', 'CapEff:\n', 'CapEff:\tnone\n'])('reads %j as none', (text) => {
    expect(parseEffectiveCapabilities(text).size).toBe(0);
  });
});
