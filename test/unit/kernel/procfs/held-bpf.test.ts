import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectHeldBpf } from '#src/kernel/procfs/held-bpf.ts';

const map = (id: number) =>
  `pos:\t0\nmap_type:\t1\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t10\nmap_flags:\t0x0\nmemlock:\t100\nmap_id:\t${id}\n`;
const program = (id: number) =>
  `pos:\t0\nprog_type:\t1\nprog_jited:\t1\nprog_tag:\t59f4a931744dcdc6\nmemlock:\t4096\nprog_id:\t${id}\n`;
const link = (id: number, prog: number) =>
  `pos:\t0\nlink_type:\ttracing\nlink_id:\t${id}\nprog_tag:\t59f4a931744dcdc6\nprog_id:\t${prog}\n`;

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'held-bpf-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

/** One descriptor of a process: what its link points to and what its fdinfo says. */
function descriptor(pid: number, fd: number, target: string, fdinfo?: string): void {
  mkdirSync(join(proc, `${pid}/fd`), { recursive: true });
  mkdirSync(join(proc, `${pid}/fdinfo`), { recursive: true });
  symlinkSync(target, join(proc, `${pid}/fd/${fd}`));
  if (fdinfo !== undefined) writeFileSync(join(proc, `${pid}/fdinfo/${fd}`), fdinfo);
}

describe('collectHeldBpf', () => {
  it('finds maps, programs and links, each of them once', () => {
    descriptor(10, 0, '/dev/null', 'pos:\t0\n');
    descriptor(10, 3, 'anon_inode:bpf-map', map(1));
    descriptor(10, 4, 'anon_inode:bpf-map', map(2));
    descriptor(10, 5, 'anon_inode:bpf-prog', program(7));
    descriptor(11, 3, 'anon_inode:bpf-map', map(1));
    descriptor(11, 4, 'anon_inode:bpf_link', link(9, 8));
    descriptor(11, 5, 'anon_inode:[eventpoll]', 'pos:\t0\n');
    const held = collectHeldBpf([10, 11], proc);
    expect([...held.maps.keys()]).toEqual([1, 2]);
    expect(held.maps.get(1)).toMatchObject({ memlock: 100 });
    expect([...held.programs.keys()]).toEqual([7]);
    expect([...held.links.values()]).toMatchObject([{ link_id: 9, prog_id: 8 }]);
    expect(held.unreadablePids).toEqual([]);
  });

  it('accepts the older name of a link, and the program in a raw tracepoint', () => {
    descriptor(10, 3, 'anon_inode:bpf-link', link(9, 8));
    descriptor(10, 4, 'anon_inode:bpf-raw-tracepoint', program(7));
    const held = collectHeldBpf([10], proc);
    expect([...held.links.keys()]).toEqual([9]);
    expect([...held.programs.keys()]).toEqual([7]);
  });

  it('skips processes and descriptors that no longer exist', () => {
    descriptor(10, 3, 'anon_inode:bpf-map');
    descriptor(10, 4, 'anon_inode:bpf-map', map(2));
    const held = collectHeldBpf([10, 99], proc);
    expect([...held.maps.keys()]).toEqual([2]);
    expect(held.unreadablePids).toEqual([]);
  });

  it('skips a descriptor whose number now refers to another file', () => {
    descriptor(10, 3, 'anon_inode:bpf-map', 'pos:\t0\nflags:\t02\n');
    expect(collectHeldBpf([10], proc).maps.size).toBe(0);
  });

  it('skips a descriptor whose path is longer than the kernel writes', async () => {
    const top = mkdtempSync(join(tmpdir(), 'deep-'));
    const script = `for (let level = 0; level < 25; level++) {
      fs.mkdirSync('x'.repeat(200));
      process.chdir('x'.repeat(200));
    }
    fs.openSync('held', 'w');
    console.log('ready');
    setInterval(() => {}, 1e6);`;
    const holder = spawn(process.execPath, ['-e', script], {
      cwd: top,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(holder.stdout, 'data');
      expect(collectHeldBpf([holder.pid ?? 0])).toMatchObject({ maps: new Map(), unreadablePids: [] });
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      spawnSync('rm', ['-rf', top]);
    }
  });

  it('propagates a kernel file that cannot be read', () => {
    descriptor(10, 3, 'anon_inode:bpf-map', map(1).replace('100', 'much'));
    expect(() => collectHeldBpf([10], proc)).toThrow("'much' is not a whole number");
  });
});
