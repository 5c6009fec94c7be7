/** The programs of the page scan, relocated by the types of real kernels. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareScanObjects } from '#src/kernel/bpf/scan/scan-objects.ts';
import { CAPTURED, type CapturedKernel, capturedPath } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scan-objects-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const none = { directory: '/proc/none' };
const LITTLE = CAPTURED.filter((kernel) => kernel !== 's390x');

/** What a program mentions and the kernel has not, by the last word of the reason. */
async function unmetOn(kernel: CapturedKernel, object: 'page-scan' | 'page-names'): Promise<Set<string>> {
  const objects = await prepareScanObjects(undefined, { ...none, btfPath: capturedPath(kernel) });
  const reasons = objects[object].programs.flatMap(({ unmet }) => unmet.map(({ reason }) => reason));
  return new Set(reasons.flatMap((reason) => /[\w.]+(?=\W*$)/.exec(reason)?.[0] ?? []));
}

describe('prepareScanObjects', () => {
  it.each(LITTLE)('relocates all programs by the types of %s', async (kernel) => {
    const objects = await prepareScanObjects(undefined, { ...none, btfPath: capturedPath(kernel) });
    for (const name of ['page-scan', 'page-names'] as const) {
      expect(objects[name].programs.every(({ instructions }) => instructions.length > 0)).toBe(true);
      expect(objects[name].programs.every(({ unavailable }) => unavailable === undefined)).toBe(true);
    }
    expect(objects['page-scan'].programs.map(({ name }) => name)).toEqual(['cmemstat_scan', 'cmemstat_find']);
    expect(objects['page-scan'].maps.map(({ name }) => name)).toEqual(['rows', 'owners', '.bss']);
  });

  it('pauses while it relocates, and uses the cache afterwards', async () => {
    const sources = {
      btfPath: capturedPath('6.12'),
      notesPath: fixture('kernel/6.12/sys/kernel/notes'),
      directory: join(directory, 'cache'),
    };
    let pauses = 0;
    const pause = async () => {
      pauses++;
      expect(existsSync(sources.directory)).toBe(false);
    };
    const first = await prepareScanObjects(pause, sources);
    expect(pauses).toBeGreaterThan(4);
    const second = await prepareScanObjects(
      async () => {
        throw new Error('nothing is to be relocated');
      },
      { ...sources, btfPath: '/proc/none' },
    );
    expect(second).toEqual(first);
    expect(readdirSync(sources.directory)).toEqual([expect.stringMatching(/^page-scan-\d+\.[0-9a-f]{16}-/)]);
  });

  it('reports the build option if the kernel has no types', async () => {
    const sources = { ...none, btfPath: '/proc/none' };
    await expect(prepareScanObjects(undefined, sources)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('CONFIG_DEBUG_INFO_BTF'),
    });
  });
});

describe('what a kernel lacks', () => {
  it.each(LITTLE.filter((kernel) => kernel !== '5.10'))(
    'is guarded in the programs on %s',
    async (kernel) => {
      // Members and types of other releases only; each has a test in the source.
      const guarded =
        /^(compound_\w+|_folio_order|_entire_mapcount|_nr_pages_mapped|_large_mapcount|obj_exts\w*|stride|num|_?objcg|PG\w+|memory_cgrp_id|(d_u\.)?d_alias|pagetype\w*|slabobj_ext\w*)$/;
      for (const object of ['page-scan', 'page-names'] as const) {
        expect([...(await unmetOn(kernel, object))].filter((word) => !guarded.test(word))).toEqual([]);
      }
    },
  );
});
