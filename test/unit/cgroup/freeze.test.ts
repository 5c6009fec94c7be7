import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { directoryOfPid, type FoundCgroup } from '#src/cgroup/find-cgroup.ts';
import { whileFrozen } from '#src/cgroup/freeze.ts';
import { PROJECT } from '../../paths.ts';
import { makeTree } from '../temporary-tree.ts';

const LEAF = 'cmemstat-12-345';
const FREEZE = join(PROJECT, 'src/cgroup/freeze.ts');

/** A cgroup as its files show it: `frozen` is what the kernel reports. */
function makeCgroup(frozen: 0 | 1, version: 1 | 2 = 2, name = LEAF): FoundCgroup {
  const root = makeTree({
    [`${name}/cgroup.freeze`]: '0\n',
    [`${name}/cgroup.events`]: `populated 1\nfrozen ${frozen}\n`,
  });
  return { version, path: `/${name}`, directory: join(root, name) } as FoundCgroup;
}

const readControl = ({ directory }: FoundCgroup) => readFileSync(join(directory, 'cgroup.freeze'), 'utf8');

describe('whileFrozen', () => {
  it('freezes the processes meanwhile', async () => {
    const cgroup = makeCgroup(1);
    const run = async () => readControl(cgroup).trim();
    expect(await whileFrozen(cgroup, run, [])).toEqual({ result: '1', frozen: true });
    expect(readControl(cgroup).trim()).toBe('0');
  });

  it('thaws them after an error', async () => {
    const cgroup = makeCgroup(1);
    const run = () => Promise.reject(new Error('no scan'));
    await expect(whileFrozen(cgroup, run, [])).rejects.toThrow('no scan');
    expect(readControl(cgroup).trim()).toBe('0');
  });

  it('says that they did not freeze in time', async () => {
    vi.useFakeTimers();
    try {
      const result = whileFrozen(makeCgroup(0), async () => 7, []);
      await vi.advanceTimersByTimeAsync(3000);
      expect(await result).toEqual({ result: 7, frozen: false });
    } finally {
      vi.useRealTimers();
    }
  });

  it.each(['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGALRM'] as const)('thaws them before %s', async (signal) => {
    const cgroup = makeCgroup(1);
    const before = process.listenerCount(signal);
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    try {
      const run = async () => {
        process.emit(signal, signal);
        return readControl(cgroup).trim();
      };
      expect((await whileFrozen(cgroup, run, [signal])).result).toBe('0');
      expect(kill).toHaveBeenCalledWith(process.pid, signal);
      expect(process.listenerCount(signal)).toBe(before);
    } finally {
      kill.mockRestore();
    }
  });

  it('thaws them if this process is killed', async () => {
    const cgroup = makeCgroup(1);
    const script = `import { whileFrozen } from ${JSON.stringify(FREEZE)};
      await whileFrozen(${JSON.stringify(cgroup)}, () => new Promise((_, reject) => {
        console.log('frozen');
        setTimeout(reject, 60_000);
      }), []);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(readControl(cgroup).trim()).toBe('1');
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(readControl(cgroup).trim()).toBe('0'), 10_000);
  });

  it('does not freeze this process', async () => {
    const own = directoryOfPid(process.pid) ?? '';
    const cgroup = { version: 2, path: `/${LEAF}`, directory: own } as FoundCgroup;
    await expect(whileFrozen(cgroup, async () => 7, [])).rejects.toThrow('cmemstat itself is in');
  });

  it('refuses cgroups of others, and cgroup v1', async () => {
    const run = async () => 7;
    await expect(whileFrozen(makeCgroup(1, 2, 'nginx'), run, [])).rejects.toThrow('was not made by cmemstat');
    await expect(whileFrozen(makeCgroup(1, 1), run, [])).rejects.toThrow('requires cgroup v2');
  });
});
