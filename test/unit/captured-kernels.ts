/** The kernel files captured on real kernels; the SOURCE.md beside them describes their origin. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAtLeast, parseKernelRelease } from '#src/kernel/kernel-release.ts';

const ROOT = resolve(import.meta.dirname, '../fixtures/kernel');

/** One kernel's files. */
export interface CapturedKernel {
  /** The fixture's folder, such as `6.12` or `6.18-v1`. */
  name: string;
  /** The path of the captured leaf. */
  leaf: string;
  isAtLeast(major: number, minor: number): boolean;
  /** The release in the format of the docs, such as `5.18`. */
  has(since: string): boolean;
  /** A path below the fixture's folder. */
  path(file: string): string;
  read(file: string): string;
}

/** The kernels whose memory controller was on this version of cgroups. */
export function capturedKernels(version: 1 | 2): CapturedKernel[] {
  const leaf = version === 2 ? 'sys/fs/cgroup/leaf' : 'sys/fs/cgroup/memory/leaf';
  return readdirSync(ROOT)
    .filter((name) => existsSync(join(ROOT, name, leaf, 'memory.stat')))
    .map((name) => {
      const release = parseKernelRelease(name);
      if (release === undefined) throw new Error(`${name} is not named after a kernel`);
      const path = (file: string) => join(ROOT, name, file);
      const atLeast = (major: number, minor: number) => isAtLeast(release, major, minor);
      return {
        name,
        leaf: path(leaf),
        isAtLeast: atLeast,
        has: (since) => {
          const [major, minor] = since.split('.').map(Number);
          return atLeast(major ?? 0, minor ?? 0);
        },
        path,
        read: (file) => readFileSync(path(file), 'utf8'),
      };
    });
}
