import { UnsupportedError } from '../../../errors.ts';

/** From each architecture's syscall table; Node's names of architectures, not the kernel's. */
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
 * The number of bpf(2), for which the C library has no function.
 *
 * Source: the kernel's `arch/<arch>/.../syscall.tbl` and `include/uapi/asm-generic/unistd.h` (`__NR_bpf`).
 * Since: Linux 3.18.
 *
 * MIPS is left out on purpose: its number depends on the ABI (o32, n32, n64), which Node.js does not report.
 * @param arch as in `process.arch`.
 * @throws UnsupportedError for an architecture that is not in the table.
 */
export function bpfSyscallNumber(arch: string = process.arch): number {
  const number = Object.hasOwn(BPF_NUMBERS, arch) ? BPF_NUMBERS[arch] : undefined;
  if (number === undefined) {
    throw new UnsupportedError('bpf(2)', `the number of bpf(2) is not known for the architecture ${arch}`);
  }
  return number;
}
