import { describe, expect, it } from 'vitest';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { completeMapName, completeProgramName } from '#src/kernel/bpf/btf/full-names.ts';
import { BtfBuilder } from './btf-builder.ts';

const builder = new BtfBuilder();
const u32 = builder.int('unsigned int', 4);
const variables = ['policy_filter_maps', 'socket_connections_v4', 'socket_connections_v6', 'exactly15chars_'];
builder.section(
  '.maps',
  16,
  variables.map((name, index) => ({ type: builder.variable(name, u32), offset: 4 * index, size: 4 })),
);
const proto = builder.raw(BTF_KIND.FUNC_PROTO, '', 0, 0);
for (const name of [
  'generic_kprobe_event',
  'trace_execve_enter',
  'trace_execve_exit',
  'handle_sched_process_exec',
  'handle_sched_process_exit',
]) {
  builder.raw(BTF_KIND.FUNC, name, 1, proto);
}

describe.each(['little', 'big'] as const)('full names, %s-endian', (order) => {
  const btf = new Btf(builder.bytes(order), 'test');

  it.each([
    ['policy_filter_m', 'policy_filter_maps'],
    ['exactly15chars_', 'exactly15chars_'],
    // Two maps have this prefix.
    ['socket_connecti', 'socket_connecti'],
    // Was not truncated.
    ['policy', 'policy'],
    ['unknown_map_nam', 'unknown_map_nam'],
    ['', ''],
  ])('of the map %j is %j', (name, full) => {
    expect(completeMapName(name, btf)).toBe(full);
  });

  it.each([
    ['generic_kprobe_', 'generic_kprobe_event'],
    ['trace_execve_en', 'trace_execve_enter'],
    // Two functions have this prefix.
    ['handle_sched_pr', 'handle_sched_pr'],
    ['policy_filter_m', 'policy_filter_m'],
  ])('of the program %j is %j', (name, full) => {
    expect(completeProgramName(name, btf)).toBe(full);
  });
});

describe('full names', () => {
  it('remain unchanged if the BTF defines no maps', () => {
    const empty = new BtfBuilder();
    empty.int('unsigned int', 4);
    const btf = new Btf(empty.bytes(), 'empty');
    expect(completeMapName('policy_filter_m', btf)).toBe('policy_filter_m');
    expect(completeProgramName('policy_filter_m', btf)).toBe('policy_filter_m');
  });
});
