import { UnsupportedError } from '../../../errors.ts';

/** From the syscall table of each architecture; keys are Node's architecture names. */
const BPF_NUMBERS: Readonly<Record<string, number>> = {
  arm: 386,
  arm64: 280,
  ia32: 357,
  loong64: 280,
  ppc64: 361,
  riscv64: 280,
  s390x: 351,
  x64: 321,
};

/**
 * The syscall number of bpf(2), for which the C library has no wrapper.
 *
 * Source: the kernel's `arch/<arch>/.../syscall.tbl` and `include/uapi/asm-generic/unistd.h` (`__NR_bpf`).
 * Since: Linux 3.18.
 *
 * MIPS is left out: its number depends on the ABI (o32, n32, n64), which Node.js does not report.
 * @param arch as in `process.arch`.
 * @throws UnsupportedError for an unknown architecture.
 */
export function bpfSyscallNumber(arch: string = process.arch): number {
  const number = Object.hasOwn(BPF_NUMBERS, arch) ? BPF_NUMBERS[arch] : undefined;
  if (number === undefined) {
    throw new UnsupportedError('bpf(2)', `the syscall number of bpf(2) is unknown for architecture ${arch}`);
  }
  return number;
}
