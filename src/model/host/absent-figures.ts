/** Which figures of a host are known, and why the others are not. */
import { type AbsentFigure, HOST_FIGURES, type HostFigure, type HostReading } from './host-cgroups.ts';

/** The figures that are known of a cgroup at least, in the order in which they are shown. */
export function knownFigures({ absent }: Pick<HostReading, 'absent'>): HostFigure[] {
  const missing = new Set<string>(absent.map(({ figure }) => figure));
  return HOST_FIGURES.filter((figure) => !missing.has(figure));
}

/** A line for each reason, with all figures that are absent for it: `no bpf, orphaned: ...`. */
export function whyAbsent(absent: readonly AbsentFigure[]): string[] {
  const figures = new Map<string, string[]>();
  for (const { figure, reason, hint } of absent) {
    const text = hint === undefined ? reason : `${reason} (hint: ${hint})`;
    const known = figures.get(text);
    if (known === undefined) figures.set(text, [figure]);
    else known.push(figure);
  }
  return Array.from(figures, ([text, names]) => `no ${names.join(', ')}: ${text}`);
}
