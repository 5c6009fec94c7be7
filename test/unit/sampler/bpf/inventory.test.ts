import { describe, expect, it } from 'vitest';
import { bpfInventoryOver } from '#src/sampler/bpf/inventory.ts';
import { descriptor, fakeBpf, leakedDescriptors, refuse } from '../../kernel/bpf/sys/fake-bpf.ts';

const noMore = {
  BPF_MAP_GET_NEXT_ID: refuse('BPF_MAP_GET_NEXT_ID', 'ENOENT'),
  BPF_PROG_GET_NEXT_ID: refuse('BPF_PROG_GET_NEXT_ID', 'ENOENT'),
  BPF_LINK_GET_NEXT_ID: refuse('BPF_LINK_GET_NEXT_ID', 'ENOENT'),
};

describe('an inventory', () => {
  it('falls back to walking ids if iterators are refused, and reports it', () => {
    const bpf = fakeBpf({ BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EPERM'), ...noMore });
    const inventory = bpfInventoryOver(bpf, { holders: false });
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

  it('has no links on a kernel without them', () => {
    const bpf = fakeBpf({ ...noMore, BPF_LINK_GET_NEXT_ID: refuse('BPF_LINK_GET_NEXT_ID', 'EINVAL') });
    expect(bpfInventoryOver(bpf, { holders: false }).read().links).toEqual([]);
  });

  it('reports what is missing if everything is refused', () => {
    const bpf = fakeBpf({
      BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EPERM'),
      BPF_MAP_GET_NEXT_ID: refuse('BPF_MAP_GET_NEXT_ID', 'EPERM'),
    });
    expect(() => bpfInventoryOver(bpf, { holders: true })).toThrow(
      expect.objectContaining({ code: 'PERMISSION', needs: expect.stringMatching(/^CAP_/) }),
    );
  });

  it('closes what it opened before a refusal', () => {
    const bpf = fakeBpf({
      BPF_PROG_LOAD: descriptor(),
      BPF_LINK_CREATE: refuse('BPF_LINK_CREATE', 'EPERM'),
      BPF_MAP_GET_NEXT_ID: refuse('BPF_MAP_GET_NEXT_ID', 'EPERM'),
    });
    const leaked = leakedDescriptors(() => {
      expect(() => bpfInventoryOver(bpf, { holders: true })).toThrow(/CAP_/);
    });
    expect(leaked).toBe(0);
  });
});
