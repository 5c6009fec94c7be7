/**
 * Type flavours: `bpf_map___old` refers to the kernel's `bpf_map`.
 * Source: tools/lib/bpf/relo_core.c, `bpf_core_essential_name_len`
 */

const SEPARATOR = '___';

/** The name without its flavour. */
export function essentialName(name: string): string {
  // Exactly three underscores; the last occurrence counts.
  for (let at = name.length - 5; at >= 0; at--) {
    if (name[at] !== '_' && name.startsWith(SEPARATOR, at + 1) && name[at + 4] !== '_')
      return name.slice(0, at + 1);
  }
  return name;
}
