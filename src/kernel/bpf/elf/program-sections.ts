/**
 * Program types by section name, as in libbpf.
 * Source: tools/lib/bpf/libbpf.c, `section_defs`
 */
import { programTypeNumber } from '../sys/bpf-enums.ts';

type ProgramTypeName = Parameters<typeof programTypeNumber>[0];

/** The attach target in the kernel's BTF: a function, or the typedef of a tracepoint. */
export interface AttachTarget {
  readonly kind: 'function' | 'typedef';
  /** As in the kernel's BTF, such as `bpf_iter_bpf_map`. */
  readonly name: string;
}

/** The type of a program and how it is attached. */
export interface ProgramKind {
  /** `BPF_PROG_TYPE_*`. */
  readonly type: number;
  /** `enum bpf_attach_type`; 0 if the type does not need one. */
  readonly attachType: number;
  /** Absent for programs that do not attach through the kernel's BTF. */
  readonly target?: AttachTarget;
  /** Whether it may sleep (`BPF_F_SLEEPABLE`). Since: Linux 5.10. */
  readonly sleepable: boolean;
}

interface SectionForm {
  readonly type: ProgramTypeName;
  readonly attachType?: number;
  /**
   * The section name continues with `/` and the attach target; this prefix is added to get the kernel's name.
   */
  readonly target?: { readonly kind: AttachTarget['kind']; readonly prefix: string };
  readonly sleepable?: true;
}

const onFunction = (prefix = '') => ({ kind: 'function', prefix }) as const;
const TRACE_FENTRY = 24;
const TRACE_FEXIT = 25;
const MODIFY_RETURN = 26;

// Values of `enum bpf_attach_type`; they are a stable kernel interface, and each is used once.
const SECTIONS: Readonly<Record<string, SectionForm>> = {
  iter: { type: 'tracing', attachType: 28, target: onFunction('bpf_iter_') },
  'iter.s': { type: 'tracing', attachType: 28, target: onFunction('bpf_iter_'), sleepable: true },
  syscall: { type: 'syscall', sleepable: true },
  tp_btf: { type: 'tracing', attachType: 23, target: { kind: 'typedef', prefix: 'btf_trace_' } },
  fentry: { type: 'tracing', attachType: TRACE_FENTRY, target: onFunction() },
  'fentry.s': { type: 'tracing', attachType: TRACE_FENTRY, target: onFunction(), sleepable: true },
  fexit: { type: 'tracing', attachType: TRACE_FEXIT, target: onFunction() },
  'fexit.s': { type: 'tracing', attachType: TRACE_FEXIT, target: onFunction(), sleepable: true },
  fmod_ret: { type: 'tracing', attachType: MODIFY_RETURN, target: onFunction() },
  'fmod_ret.s': { type: 'tracing', attachType: MODIFY_RETURN, target: onFunction(), sleepable: true },
  lsm: { type: 'lsm', attachType: 27, target: onFunction('bpf_lsm_') },
  'lsm.s': { type: 'lsm', attachType: 27, target: onFunction('bpf_lsm_'), sleepable: true },
  socket: { type: 'socket_filter' },
  kprobe: { type: 'kprobe' },
  kretprobe: { type: 'kprobe' },
  uprobe: { type: 'kprobe' },
  uretprobe: { type: 'kprobe' },
  ksyscall: { type: 'kprobe' },
  kretsyscall: { type: 'kprobe' },
  tracepoint: { type: 'tracepoint' },
  tp: { type: 'tracepoint' },
  raw_tracepoint: { type: 'raw_tracepoint' },
  raw_tp: { type: 'raw_tracepoint' },
  perf_event: { type: 'perf_event' },
  tc: { type: 'sched_cls' },
  classifier: { type: 'sched_cls' },
  action: { type: 'sched_act' },
  xdp: { type: 'xdp', attachType: 37 },
  'cgroup_skb/ingress': { type: 'cgroup_skb' },
  'cgroup_skb/egress': { type: 'cgroup_skb', attachType: 1 },
  'cgroup/skb': { type: 'cgroup_skb' },
  'cgroup/dev': { type: 'cgroup_device', attachType: 6 },
  sk_msg: { type: 'sk_msg', attachType: 7 },
  sk_lookup: { type: 'sk_lookup', attachType: 36 },
};

/**
 * The program type for a section name; absent for an unknown name. Sections such as `tp/sched/sched_switch`
 * have further parts; a leading `?` marks a program that libbpf does not load automatically.
 */
export function programKindOf(section: string): ProgramKind | undefined {
  const name = section.replace(/^\?/, '');
  const slash = name.indexOf('/');
  const head = slash === -1 ? name : name.slice(0, slash);
  const form = Object.hasOwn(SECTIONS, name)
    ? SECTIONS[name]
    : Object.hasOwn(SECTIONS, head)
      ? SECTIONS[head]
      : undefined;
  if (form === undefined) return undefined;
  const rest = slash === -1 ? '' : name.slice(slash + 1);
  return {
    type: programTypeNumber(form.type),
    attachType: form.attachType ?? 0,
    sleepable: form.sleepable ?? false,
    ...(form.target === undefined || rest === ''
      ? {}
      : { target: { kind: form.target.kind, name: form.target.prefix + rest } }),
  };
}
