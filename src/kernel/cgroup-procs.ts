import { malformed } from './number.ts';

/**
 * `cgroup.procs`: one process id per line, unordered; 0 stands for a process outside our pid namespace. The
 * format is the same on cgroup v1 and v2.
 * Source: cgroups(7); Documentation/admin-guide/cgroup-v2.rst.
 * @throws KernelFileError that names the line.
 */
export function parseCgroupProcs(text: string, path: string): number[] {
  const pids: number[] = [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [index, line] of lines.entries()) {
    if (!/^\d+$/.test(line)) throw malformed(path, index + 1, `'${line}' is not a process id`);
    pids.push(Number(line));
  }
  return pids;
}
