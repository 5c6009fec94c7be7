import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PidStat } from '#src/kernel/procfs/pid-stat.ts';
import { descendantsOf, listAllProcesses, pidAndAncestors } from '#src/kernel/procfs/process-tree.ts';

const stat = (pid: number, ppid: number): PidStat => ({
  pid,
  ppid,
  comm: `p${pid}`,
  state: 'S',
  pgrp: pid,
  ttyNr: 0,
  tpgid: -1,
  startTime: String(pid),
  threads: 1,
  cpuTicks: 0,
  rssPages: 1,
  image: undefined,
});

const pidsOf = (roots: number[], all: PidStat[]) =>
  descendantsOf(new Set(roots), all)
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);

describe('descendantsOf', () => {
  const all = [stat(1, 0), stat(2, 1), stat(3, 2), stat(4, 2), stat(5, 3), stat(6, 1), stat(7, 6)];

  it('returns the root and its descendants', () => {
    expect(pidsOf([2], all)).toEqual([2, 3, 4, 5]);
  });

  it('returns those of several roots once each, also if one lies below another', () => {
    expect(pidsOf([3, 2, 6], all)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it('does not depend on the order of the processes', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(pidsOf([2], shuffled)).toEqual([2, 3, 4, 5]);
      }),
    );
  });

  it('omits a root that has ended, with the children that were reparented', () => {
    expect(pidsOf([9], all)).toEqual([]);
    expect(pidsOf([2], [...all.filter(({ pid }) => pid !== 3)])).toEqual([2, 4]);
  });

  it('terminates if a reused pid makes a cycle', () => {
    expect(pidsOf([2], [stat(2, 4), stat(3, 2), stat(4, 3)])).toEqual([2, 3, 4]);
  });

  it('returns exactly the processes whose chain of parents leads to a root', () => {
    const parents = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(parents, fc.nat({ max: 40 }), (picks, root) => {
        const processes = picks.map((pick, pid) => stat(pid + 1, pid === 0 ? 0 : (pick % pid) + 1));
        const leadsToRoot = (pid: number): boolean => {
          for (let at = pid; at > 0; at = processes[at - 1]?.ppid ?? 0) if (at === root) return true;
          return false;
        };
        expect(pidsOf([root], processes)).toEqual(
          processes.map(({ pid }) => pid).filter((pid) => leadsToRoot(pid)),
        );
      }),
    );
  });
});

describe('pidAndAncestors', () => {
  const hidden = (errno: string) => Object.assign(new Error(errno), { code: errno, errno: -1 });
  const host = [stat(1, 0), stat(7, 1), stat(8, 7)];

  it.each(['EPERM', 'ENOENT'])('ends at a process that is hidden (%s)', (errno) => {
    const read = (pid: number): PidStat => {
      const found = pid === 7 ? undefined : host.find((each) => each.pid === pid);
      if (found === undefined) throw hidden(errno);
      return found;
    };
    expect([...pidAndAncestors(8, read)]).toEqual([8, 7]);
  });

  it('reaches the first process', () => {
    expect([...pidAndAncestors(8, (pid) => host.find((each) => each.pid === pid) ?? stat(pid, 0))]).toEqual([
      8, 7, 1,
    ]);
  });
});

describe('listAllProcesses', () => {
  it('includes ourselves below our parent', () => {
    const all = listAllProcesses();
    expect(all.find(({ pid }) => pid === process.pid)?.ppid).toBe(process.ppid);
    expect(pidsOf([process.ppid], all)).toContain(process.pid);
  });
});
