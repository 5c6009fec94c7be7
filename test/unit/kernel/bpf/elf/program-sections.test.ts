import { describe, expect, it } from 'vitest';
import { programKindOf } from '#src/kernel/bpf/elf/program-sections.ts';

describe('programKindOf', () => {
  // The numbers of `enum bpf_prog_type` and `enum bpf_attach_type` in include/uapi/linux/bpf.h.
  it.each<[section: string, type: number, attachType: number, sleepable: boolean, target?: string]>([
    ['iter/bpf_map', 26, 28, false, 'function bpf_iter_bpf_map'],
    ['iter.s/task', 26, 28, true, 'function bpf_iter_task'],
    ['?iter/bpf_link', 26, 28, false, 'function bpf_iter_bpf_link'],
    ['tp_btf/sched_switch', 26, 23, false, 'typedef btf_trace_sched_switch'],
    ['fentry/do_exit', 26, 24, false, 'function do_exit'],
    ['fentry.s/do_exit', 26, 24, true, 'function do_exit'],
    ['fexit/do_exit', 26, 25, false, 'function do_exit'],
    ['fmod_ret/should_fail', 26, 26, false, 'function should_fail'],
    ['lsm/file_open', 29, 27, false, 'function bpf_lsm_file_open'],
    ['lsm.s/file_open', 29, 27, true, 'function bpf_lsm_file_open'],
    ['syscall', 31, 0, true],
    ['socket', 1, 0, false],
    ['kprobe/do_exit', 2, 0, false],
    ['uretprobe//usr/bin/true:main', 2, 0, false],
    ['tc', 3, 0, false],
    ['action', 4, 0, false],
    ['tp/sched/sched_switch', 5, 0, false],
    ['tracepoint/sched/sched_switch', 5, 0, false],
    ['xdp', 6, 37, false],
    ['perf_event', 7, 0, false],
    ['cgroup_skb/ingress', 8, 0, false],
    ['cgroup_skb/egress', 8, 1, false],
    ['cgroup/dev', 15, 6, false],
    ['sk_msg', 16, 7, false],
    ['raw_tp/sched_switch', 17, 0, false],
    ['sk_lookup', 30, 36, false],
  ])('%s', (section, type, attachType, sleepable, target) => {
    const kind = programKindOf(section);
    expect(kind).toMatchObject({ type, attachType, sleepable });
    expect(kind?.target && `${kind.target.kind} ${kind.target.name}`).toBe(target);
  });

  it('omits the attach target if the section does not name one', () => {
    expect(programKindOf('fentry')).toEqual({ type: 26, attachType: 24, sleepable: false });
    expect(programKindOf('iter/')).toEqual({ type: 26, attachType: 28, sleepable: false });
  });

  it.each([
    '',
    '.text',
    'iterator/x',
    'struct_ops/init',
    'cgroup/none',
    '??iter/x',
    'constructor',
    'iter.x/y',
  ])('finds no programs in "%s"', (section) => {
    expect(programKindOf(section)).toBeUndefined();
  });
});
