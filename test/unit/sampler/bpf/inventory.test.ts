import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '#src/errors.ts';
import { bpfInventoryOver } from '#src/sampler/bpf/inventory.ts';
import { prepareIterators } from '#src/sampler/bpf/source.ts';
import { descriptor, fakeBpf, leakedDescriptors, refuse } from '../../kernel/bpf/sys/fake-bpf.ts';

const prepared = prepareIterators();

const noMore = {
  BPF_MAP_GET_NEXT_ID: refuse('BPF_MAP_GET_NEXT_ID', 'ENOENT'),
  BPF_PROG_GET_NEXT_ID: refuse('BPF_PROG_GET_NEXT_ID', 'ENOENT'),
  BPF_LINK_GET_NEXT_ID: refuse('BPF_LINK_GET_NEXT_ID', 'ENOENT'),
};

describe('an inventory', () => {
  it('falls back to walking ids if iterators are refused, and reports it', async () => {
    const bpf = fakeBpf({ BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EPERM'), ...noMore });
    const inventory = bpfInventoryOver(bpf, await prepared, { holders: false });
    expect(inventory).toMatchObject({ attribution: 'held', countsReferences: false });
    expect(inventory.reason).toBeTypeOf('string');
    expect(inventory.read()).toEqual({ maps: [], programs: [], links: [], heldElsewhere: [] });
    expect(bpf.calls.slice(-3)).toEqual([
      'BPF_MAP_GET_NEXT_ID',
      'BPF_PROG_GET_NEXT_ID',
      'BPF_LINK_GET_NEXT_ID',
    ]);
    inventory.close();
  });

  it('falls back to walking ids if the kernel has no types, and reports that', () => {
    const refusal = new UnsupportedError('kernel BTF', 'this kernel has no types', { hint: 'rebuild it' });
    const inventory = bpfInventoryOver(fakeBpf(noMore), refusal, { holders: false });
    expect(inventory).toMatchObject({ attribution: 'held', reason: refusal.message, hint: 'rebuild it' });
    inventory.close();
  });

  it('has no links on a kernel without them', async () => {
    const bpf = fakeBpf({ ...noMore, BPF_LINK_GET_NEXT_ID: refuse('BPF_LINK_GET_NEXT_ID', 'EINVAL') });
    expect(bpfInventoryOver(bpf, await prepared, { holders: false }).read().links).toEqual([]);
  });

  it('reports what is missing if everything is refused', async () => {
    const bpf = fakeBpf({
      BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EPERM'),
      BPF_MAP_GET_NEXT_ID: refuse('BPF_MAP_GET_NEXT_ID', 'EPERM'),
    });
    const iterators = await prepared;
    expect(() => bpfInventoryOver(bpf, iterators, { holders: true })).toThrow(
      expect.objectContaining({ code: 'PERMISSION', needs: expect.stringMatching(/^CAP_/) }),
    );
  });

  it('closes what it opened before a refusal', async () => {
    const bpf = fakeBpf({
      BPF_PROG_LOAD: descriptor(),
      BPF_LINK_CREATE: refuse('BPF_LINK_CREATE', 'EPERM'),
      BPF_MAP_GET_NEXT_ID: refuse('BPF_MAP_GET_NEXT_ID', 'EPERM'),
    });
    const iterators = await prepared;
    const leaked = leakedDescriptors(() => {
      expect(() => bpfInventoryOver(bpf, iterators, { holders: true })).toThrow(/CAP_/);
    });
    expect(leaked).toBe(0);
  });
});
