import { describe, expect, it } from 'vitest';
import { describePlacement, limitSettings, reportPlacement } from '#src/app/run/preparation.ts';
import type { Leaf } from '#src/cgroup/leaf.ts';
import type { Placement } from '#src/cgroup/placement.ts';
import { Rejection } from '#src/cgroup/rejection.ts';
import { UnsupportedError } from '#src/errors.ts';
import { makeTree } from '../../temporary-tree.ts';

const leafAt = (directory: string) => ({ directory, version: 2 }) as Leaf;

const placed: Placement = {
  kind: 'top',
  leaf: leafAt('/sys/fs/cgroup/cmemstat-1-2'),
  reason: 'the top takes new cgroups',
  rejected: [new Rejection('systemd', 'systemd is not running on this host')],
  callerLimits: [],
  escaped: [],
  removedStale: ['/sys/fs/cgroup/cmemstat-3-4'],
  release: async () => {},
};

const notPlaced: Placement = {
  ...placed,
  kind: 'process-tree',
  leaf: undefined,
  reason: 'no memory cgroup is available',
  rejected: [
    new Rejection('systemd', 'systemd is not running on this host', 'boot with systemd'),
    new Rejection('top', 'it is read-only', 'remount it'),
    new Rejection('own', 'it is read-only'),
  ],
  removedStale: [],
};

const OPTIONS = { requireCgroup: false, limits: {} };

/** A log that stores its messages by level. */
function keepingLog() {
  const lines: { debug: string[]; warn: string[] } = { debug: [], warn: [] };
  const log = {
    debug: (line: string) => void lines.debug.push(line),
    warn: (line: string) => void lines.warn.push(line),
  };
  return { ...lines, log };
}

function report(
  placement: Placement,
  options: Partial<Parameters<typeof reportPlacement>[1]> = {},
): string[] {
  const { log, warn } = keepingLog();
  reportPlacement(placement, { ...OPTIONS, ...options }, log);
  return warn;
}

describe('describePlacement', () => {
  it('lists the chosen placement, the rejected ones with reasons, and the cleanup', () => {
    expect(describePlacement(placed)).toEqual([
      'placement systemd: rejected: systemd is not running on this host',
      'placement top: used: the top takes new cgroups',
      'cgroup: /sys/fs/cgroup/cmemstat-1-2',
      'removed a stale cgroup: /sys/fs/cgroup/cmemstat-3-4',
    ]);
  });

  it('reports how to fix a placement, and the missing leaf', () => {
    expect(describePlacement(notPlaced)).toEqual([
      'placement systemd: rejected: systemd is not running on this host (hint: boot with systemd)',
      'placement top: rejected: it is read-only (hint: remount it)',
      'placement own: rejected: it is read-only',
      'placement process-tree: used: no memory cgroup is available',
    ]);
  });
});

describe('reportPlacement', () => {
  it('does not mention the leaf without --verbose', () => {
    expect(report(placed)).toEqual([]);
    const { log, debug } = keepingLog();
    reportPlacement(placed, OPTIONS, log);
    expect(debug).toEqual(describePlacement(placed));
  });

  it('accepts limits and --require cgroup if there is a leaf', () => {
    expect(report(placed, { requireCgroup: true, limits: { memoryMax: 1 } })).toEqual([]);
  });

  it('warns about a missing leaf, with each reason once and the last hint', () => {
    expect(report(notPlaced)).toEqual([
      'WARNING: no memory cgroup: it is read-only. The process tree is summed instead; kernel memory, BPF maps and page cache are not measured (hint: remount it)',
    ]);
  });

  it('names systemd as the reason only without another reason', () => {
    const rejected = notPlaced.rejected.slice(0, 1);
    expect(report({ ...notPlaced, rejected })[0]).toContain(
      'no memory cgroup: systemd is not running on this host.',
    );
  });

  it('warns about an explicit process tree too', () => {
    const asked = { ...notPlaced, rejected: [], reason: 'requested with --placement' };
    expect(report(asked)[0]).toMatch(/^WARNING: requested with --placement\. .* are not measured$/);
  });

  it('rejects --require cgroup without a leaf', () => {
    expect(() => report(notPlaced, { requireCgroup: true })).toThrow(UnsupportedError);
    expect(() => report(notPlaced, { requireCgroup: true })).toThrow(
      expect.objectContaining({
        message: '--require cgroup: no memory cgroup is available: it is read-only',
        hint: 'remount it',
      }),
    );
  });

  it.each([{ memoryMax: 1 }, { memoryHigh: 'max' as const }, { pidsMax: 0 }, { oomGroup: true }])(
    'rejects the limits %o without a leaf',
    (limits) => {
      expect(() => report(notPlaced, { limits })).toThrow('limits require a memory cgroup');
    },
  );

  it('ignores options that were not given', () => {
    expect(report(notPlaced, { limits: { memoryMax: undefined, oomGroup: false } })).toHaveLength(1);
  });
});

describe('limitSettings', () => {
  /** A leaf with a limit of 100 MiB, on any version of cgroups. */
  const leaf = () =>
    leafAt(
      makeTree({
        'memory.max': '104857600\n',
        'memory.high': 'max\n',
        'memory.stat': 'hierarchical_memory_limit 104857600\n',
      }),
    );

  it('sets nothing by default', () => {
    expect(limitSettings(leaf(), { inheritRatio: undefined }, {}, keepingLog().log)).toEqual([]);
  });

  it("sets the runtimes' options for the effective limit", () => {
    const { log, debug: said } = keepingLog();
    const settings = limitSettings(leaf(), { inheritRatio: 0.5 }, {}, log);
    expect(settings).toContainEqual({ name: 'GOMEMLIMIT', value: '52428800B' });
    expect(settings).toContainEqual({ name: 'NODE_OPTIONS', value: '--max-old-space-size=50' });
    expect(said[0]).toMatch(/^effective limits of the target: memory 100 MiB, /);
    expect(said).toContain('set GOMEMLIMIT=52428800B');
  });

  it('reports that everything is set already', () => {
    const env = {
      GOMEMLIMIT: '1',
      GOMAXPROCS: '1',
      NODE_OPTIONS: '--max-old-space-size=1',
      JAVA_TOOL_OPTIONS: '-Xmx1m',
    };
    const { log, debug: said } = keepingLog();
    expect(limitSettings(leaf(), { inheritRatio: 1 }, env, log)).toEqual([]);
    expect(said.at(-1)).toBe('no variable set: there are no limits, or all variables are already set');
  });

  it('does not warn: it is only shown with --verbose', () => {
    const { log, warn } = keepingLog();
    limitSettings(leaf(), { inheritRatio: 1 }, {}, log);
    expect(warn).toEqual([]);
  });
});
