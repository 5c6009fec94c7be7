import { release } from 'node:os';

/** A kernel release, reduced to what orders features. */
export interface KernelRelease {
  major: number;
  minor: number;
  /** As `uname -r` prints it. */
  text: string;
}

/** Parses `uname -r`, such as `6.12.94+deb13-amd64`; undefined if it does not start with two numbers. */
export function parseKernelRelease(text: string): KernelRelease | undefined {
  const match = /^(\d+)\.(\d+)/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]), text };
}

/** The running kernel. Source: uname(2). */
export function readKernelRelease(): KernelRelease | undefined {
  return parseKernelRelease(release());
}

/**
 * Whether a kernel is at least `major.minor`. Distributions may have backported a feature to an older kernel.
 */
export function isAtLeast(kernel: KernelRelease, major: number, minor: number): boolean {
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}
