import { describe, expect, it } from 'vitest';
import { parsePidCgroup } from '#src/kernel/procfs/pid-cgroup.ts';
import { capturedKernels } from '../../captured-kernels.ts';

const parse = (text: string) => parsePidCgroup(text, '/proc/self/cgroup');

describe('parsePidCgroup', () => {
  it('reads cgroup v2', () => {
    expect(parse('0::/user.slice/session-1.scope\n')).toEqual([
      { hierarchy: 0, controllers: [], path: '/user.slice/session-1.scope' },
    ]);
  });

  it('reads the hierarchies of cgroup v1, including one with several controllers', () => {
    expect(parse('4:memory:/a\n3:cpu,cpuacct:/b\n')).toEqual([
      { hierarchy: 4, controllers: ['memory'], path: '/a' },
      { hierarchy: 3, controllers: ['cpu', 'cpuacct'], path: '/b' },
    ]);
  });

  it('finds no controller in a named hierarchy', () => {
    expect(parse('1:name=systemd:/init.scope\n')).toEqual([
      { hierarchy: 1, controllers: [], path: '/init.scope' },
    ]);
  });

  it.each(['/', '/a:b', '/with blank', '/../..', '/é', '/gone (deleted)'])(
    'returns the path %o unchanged',
    (path) => {
      expect(parse(`0::${path}\n`)).toMatchObject([{ path }]);
    },
  );

  it('reads an empty file as none', () => {
    expect(parse('')).toEqual([]);
  });

  it.each([
    ['0::/\n1:memory', 2],
    ['x:memory:/\n', 1],
    ['0::relative\n', 1],
    ['0:/\n', 1],
    ['-1::/\n', 1],
  ])('reports the line of %o', (text, line) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ operation: 'parse', path: '/proc/self/cgroup', line }),
    );
  });

  it.each(capturedKernels(2))('finds the leaf on Linux $name', (kernel) => {
    expect(parse(kernel.read('proc/target/cgroup'))).toContainEqual({
      hierarchy: 0,
      controllers: [],
      path: '/leaf',
    });
  });

  it.each(capturedKernels(1))('finds the leaf on Linux $name', (kernel) => {
    const memberships = parse(kernel.read('proc/target/cgroup'));
    expect(memberships.find(({ controllers }) => controllers.includes('memory'))?.path).toBe('/leaf');
    expect(memberships.find(({ hierarchy }) => hierarchy === 0)?.path).toBe('/');
  });
});
