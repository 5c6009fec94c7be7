import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BpfTotals } from '#src/model/bpf-totals.ts';
import { breakKernelDown } from '#src/model/kernel-breakdown.ts';
import type { Sample } from '#src/model/sample.ts';

const sample = (figures: Partial<Sample>): Sample => ({
  type: 'sample',
  elapsedMs: 0,
  reason: 'tick',
  ...figures,
});
const size = (bytes: number) => ({ count: 1, bytes });
const bpf = (places: { vmalloc?: number; slab?: number; percpu?: number; pages?: number }): BpfTotals => {
  const all = { vmalloc: 0, slab: 0, percpu: 0, pages: 0, ...places };
  const bytes = all.vmalloc + all.slab + all.percpu + all.pages;
  return { attribution: 'memcg', charged: { maps: size(bytes), programs: size(0), places: all } };
};

describe('the breakdown of kernel memory', () => {
  it('counts BPF maps once: not also in the memory.stat counter that includes them', () => {
    const stat = { slab: 300, kernel_stack: 50, pagetables: 20, percpu: 10, vmalloc: 900 };
    const breakdown = breakKernelDown(sample({ kernel: 1300, stat }), bpf({ vmalloc: 800, slab: 100 }));
    expect(Object.fromEntries(breakdown?.terms.map(({ id, bytes }) => [id, bytes]) ?? [])).toEqual({
      'bpf maps': 900,
      'bpf programs': 0,
      kernel_stack: 50,
      pagetables: 20,
      'vmalloc (rest)': 100,
      percpu: 10,
      'slab (rest)': 200,
      unexplained: 20,
    });
  });

  it('has zswap as a separate term: memory.stat counts it in kernel', () => {
    const stat = { slab: 100, zswap: 880, zswapped: 3000 };
    const terms = breakKernelDown(sample({ kernel: 1000, stat }), bpf({}))?.terms;
    expect(terms?.find(({ id }) => id === 'zswap')).toEqual({
      id: 'zswap',
      bytes: 880,
      source: 'memory.stat',
    });
    expect(terms?.at(-1)).toMatchObject({ id: 'unexplained', bytes: 20 });
  });

  it('reports where the kernel understates BPF maps', () => {
    const totals: BpfTotals = bpf({ slab: 10 });
    const exact = breakKernelDown(sample({ kernel: 100, stat: { slab: 40 } }), totals);
    expect(exact?.terms[0]).not.toHaveProperty('atLeast');
    expect(exact?.notes).toEqual([]);
    if (totals.charged !== undefined) totals.charged.maps.atLeast = true;
    const least = breakKernelDown(sample({ kernel: 100, stat: { slab: 40 } }), totals);
    expect(least?.terms[0]).toMatchObject({ id: 'bpf maps', bytes: 10, atLeast: true });
    expect(least?.notes.join()).toContain('bpf maps are at least this: ');
  });

  it('reports what is unknown: no BPF totals, no breakdown on cgroup v1', () => {
    const breakdown = breakKernelDown(sample({ kernel: 100, stat: { anon: 1 } }), undefined);
    expect(breakdown?.terms).toEqual([
      { id: 'unexplained', bytes: 100, source: 'kernel less all of the above' },
    ]);
    expect(breakdown?.notes.length).toBe(2);
  });

  it('is undefined without a total of kernel memory', () => {
    expect(breakKernelDown(sample({ stat: { slab: 1 } }), undefined)).toBeUndefined();
  });

  it('always adds up to kernel, and only the unexplained term can be negative', () => {
    const bytes = fc.nat(1e9);
    const stat = fc.record({
      slab: bytes,
      kernel_stack: bytes,
      pagetables: bytes,
      percpu: bytes,
      vmalloc: bytes,
    });
    const places = fc.record({ slab: bytes, vmalloc: bytes, percpu: bytes, pages: bytes });
    fc.assert(
      fc.property(bytes, stat, places, (kernel, counters, where) => {
        const breakdown = breakKernelDown(sample({ kernel, stat: counters }), bpf(where));
        const terms = breakdown?.terms ?? [];
        expect(terms.reduce((sum, term) => sum + term.bytes, 0)).toBe(kernel);
        expect(terms.filter(({ id }) => id !== 'unexplained').every((term) => term.bytes >= 0)).toBe(true);
      }),
    );
  });
});
