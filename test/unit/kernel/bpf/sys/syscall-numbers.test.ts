import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '#src/errors.ts';
import { bpfSyscallNumber } from '#src/kernel/bpf/sys/syscall-numbers.ts';

describe('bpfSyscallNumber', () => {
  it.each([
    ['x64', 321],
    ['arm64', 280],
    ['riscv64', 280],
    ['loong64', 280],
    ['arm', 386],
    ['ia32', 357],
    ['ppc64', 361],
    ['s390x', 351],
  ])('is known for %s', (arch, number) => {
    expect(bpfSyscallNumber(arch)).toBe(number);
  });

  it.each(['mips', 'pdp11', '', 'toString', '__proto__'])('rejects %j', (arch) => {
    expect(() => bpfSyscallNumber(arch)).toThrow(UnsupportedError);
  });

  it('uses the architecture of this process by default', () => {
    expect(bpfSyscallNumber()).toBe(bpfSyscallNumber(process.arch));
  });
});
