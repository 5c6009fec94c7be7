/** `cmemstat elf` as a user runs it. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BINARY, cmemstat } from '../harness.ts';
import { requires } from './bpf-requirements.ts';

describe('cmemstat elf', () => {
  const object = resolve(import.meta.dirname, '../../fixtures/elf/btf-maps.bpf.o');

  it('prints the expected memory of the maps of an object', async () => {
    const { status, stdout } = await cmemstat('elf', '--json', '--cpus', '4,128', object);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ possibleCpus: [4, 128], objects: [{ path: object }] });
  });

  it('creates and measures the maps with --measure', async (context) => {
    requires(context, { capabilities: ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_ADMIN'] });
    const { status, stdout, stderr } = await cmemstat('elf', '--measure', '--bytes', object);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/memlock +charged/);
  });

  it('fails for a file that is not an object file', async () => {
    const { status, stderr } = await cmemstat('elf', BINARY);
    expect(status).toBe(125);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
