import { spawnSync } from 'node:child_process';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { cgroupIdsOf } from '#src/app/explain/gather-kernel.ts';

it('finds cgroups with any name, and below paths that are longer than the kernel accepts', () => {
  const directory = mkdtempSync(`${tmpdir()}/ids-`);
  try {
    const make = `mkdir "$1/$(printf 'not-utf8-\\377')" && cd "$1" &&
      for level in $(seq 25); do mkdir ${'d'.repeat(200)} && cd -P ${'d'.repeat(200)} || exit 1; done`;
    expect(spawnSync('bash', ['-c', make, '-', directory]).status).toBe(0);
    const ids = cgroupIdsOf({ version: 2, path: '/x', directory, mountPoint: '/' });
    expect(ids.size).toBe(27);
    expect(ids).toContain(statSync(directory, { bigint: true }).ino);
  } finally {
    spawnSync('rm', ['-rf', directory]);
  }
});
