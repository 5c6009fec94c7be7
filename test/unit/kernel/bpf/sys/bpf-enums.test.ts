import { describe, expect, it } from 'vitest';
import {
  linkTypeName,
  mapTypeName,
  mapTypeNumber,
  programTypeName,
  programTypeNumber,
} from '#src/kernel/bpf/sys/bpf-enums.ts';

describe('names of types', () => {
  it.each([
    [1, 'hash'],
    [6, 'percpu_array'],
    [11, 'lpm_trie'],
    [13, 'hash_of_maps'],
    [19, 'cgroup_storage'],
    [24, 'sk_storage'],
    [26, 'struct_ops'],
    [27, 'ringbuf'],
    [30, 'bloom_filter'],
    [33, 'arena'],
    [34, 'insn_array'],
    [35, 'rhash'],
    [99, undefined],
  ])('the map type %i is %s', (type, name) => {
    expect(mapTypeName(type)).toBe(name);
    if (name !== undefined) expect(mapTypeNumber(name as 'hash')).toBe(type);
  });

  it.each([
    [1, 'socket_filter'],
    [6, 'xdp'],
    [26, 'tracing'],
    [31, 'syscall'],
    [32, 'netfilter'],
    [99, undefined],
  ])('the program type %i is %s', (type, name) => {
    expect(programTypeName(type)).toBe(name);
    if (name !== undefined) expect(programTypeNumber(name as 'xdp')).toBe(type);
  });

  it.each([
    [4, 'iter'],
    [7, 'perf_event'],
    [14, 'sockmap'],
    [99, undefined],
  ])('the link type %i is %s', (type, name) => {
    expect(linkTypeName(type)).toBe(name);
  });
});
