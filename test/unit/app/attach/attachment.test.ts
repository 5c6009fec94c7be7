import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CgroupAttachment } from '#src/app/attach/attachment.ts';
import { Successors } from '#src/app/attach/successors.ts';
import type { ResolvedTarget } from '#src/cgroup/resolve/resolve-target.ts';
import { UsageError } from '#src/errors.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';

afterAll(removeTrees);

function resolved(files: Readonly<Record<string, string>>): ResolvedTarget {
  const mountPoint = makeTree({ 'a/cgroup.procs': '', ...files });
  const directory = join(mountPoint, 'a');
  return { version: 2, mountPoint, directory, path: '/a', form: 'path', target: '/a', owners: [] };
}

const withFigures = () => resolved({ 'a/memory.current': '4096\n' });

describe('an attachment', () => {
  it('says what was charged before, and whose the cgroup is', () => {
    const owner = { kind: 'container' as const, runtime: 'docker' as const, name: 'x', id: 'x', path: '/a' };
    const attachment = new CgroupAttachment({ ...withFigures(), owners: [owner] });
    expect(attachment.describe('creation')).toEqual({
      target: '/a',
      cgroup: '/a',
      owner: { kind: 'container', runtime: 'docker', name: 'x', id: 'x' },
      chargedBytes: 4096,
      peakSince: 'creation',
    });
  });

  it('ends when the cgroup is gone', async () => {
    const target = withFigures();
    const attachment = new CgroupAttachment(target);
    const { ended } = attachment.attach();
    rmSync(target.directory, { recursive: true });
    expect(await ended).toEqual({});
    expect(attachment.isGone).toBe(true);
  });

  it('ends when another cgroup has got the name', async () => {
    const target = withFigures();
    const attachment = new CgroupAttachment(target);
    const { ended } = attachment.attach();
    // Unlike cgroups, a new directory could get the inode number of the old one.
    mkdirSync(`${target.directory}.new`);
    rmSync(target.directory, { recursive: true });
    renameSync(`${target.directory}.new`, target.directory);
    await ended;
    expect(attachment.isGone).toBe(true);
  });

  it('continues in the next cgroup with the name, and waits for it', async () => {
    const target = { ...withFigures(), form: 'container' as const, target: 'container:web' };
    const next = join(target.mountPoint, 'b');
    const found: ResolvedTarget[] = [];
    const moves: string[] = [];
    const attachment = new CgroupAttachment(target, new Successors(target, async () => found));
    const { ended, kill } = attachment.attach();
    const entered = new Promise<void>((resolve) => {
      attachment.follow({
        leave: async (message) => {
          moves.push(message);
          mkdirSync(next);
          writeFileSync(join(next, 'cgroup.procs'), '7\n');
          writeFileSync(join(next, 'memory.current'), '8192\n');
          found.push({ ...target, directory: next, path: '/b' });
        },
        enter: async (from) => {
          moves.push(from);
          resolve();
          return true;
        },
      });
    });
    expect(attachment.isNew).toBe(false);
    rmSync(target.directory, { recursive: true });
    await entered;
    expect(moves).toEqual(['/a was removed: waiting for the next cgroup of container:web', '/a']);
    expect(attachment.cgroup.directory).toBe(next);
    expect(attachment.describe('creation')).toMatchObject({
      cgroup: '/b',
      chargedBytes: 8192,
      followed: true,
    });
    kill('SIGINT');
    await ended;
    expect(attachment.isGone).toBe(false);
  });

  it('ends by signals that end a program, and by no others', async () => {
    const attachment = new CgroupAttachment(withFigures());
    const target = attachment.attach();
    let hasEnded = false;
    void target.ended.then(() => {
      hasEnded = true;
    });
    target.kill('SIGUSR1');
    target.kill('SIGWINCH');
    await Promise.resolve();
    expect(hasEnded).toBe(false);
    target.kill('SIGINT');
    await target.ended;
    expect(attachment.isGone).toBe(false);
  });

  it.each([1, 2] as const)('is refused for a cgroup of v%i that was removed meanwhile', (version) => {
    const target = { ...withFigures(), version };
    rmSync(target.directory, { recursive: true });
    expect(() => new CgroupAttachment(target)).toThrow(/^attach \/a: \/a was removed before/);
  });

  it('is refused for the root of cgroup v2, which has no figures', () => {
    const target = withFigures();
    const root = { ...target, directory: target.mountPoint, path: '/' };
    expect(() => new CgroupAttachment(root)).toThrow('the root of the hierarchy');
  });

  it('is refused for a cgroup without figures of memory, with what enables them', () => {
    const files = {
      'cgroup.controllers': 'memory',
      'cgroup.subtree_control': '',
      'a/cgroup.type': 'domain\n',
    };
    const target = resolved(files);
    let error: unknown;
    try {
      new CgroupAttachment(target);
    } catch (each) {
      error = each;
    }
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain('/a has no memory figures');
    expect((error as UsageError).hint).toBe(`echo +memory > ${target.mountPoint}/cgroup.subtree_control`);
  });
});
