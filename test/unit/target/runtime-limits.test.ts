import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRuntimeLimits } from '#src/target/runtime-limits.ts';

const MIB = 1024 * 1024;

const plan = (...args: Parameters<typeof planRuntimeLimits>) =>
  Object.fromEntries(planRuntimeLimits(...args).map(({ name, value }) => [name, value]));

describe('planRuntimeLimits', () => {
  it('sets the share of the memory for Go, Node.js and the JVM', () => {
    expect(plan({ memoryBytes: 1000 * MIB }, 0.9, {})).toEqual({
      GOMEMLIMIT: `${900 * MIB}B`,
      NODE_OPTIONS: '--max-old-space-size=900',
      JAVA_TOOL_OPTIONS: `-XX:MaxRAM=${900 * MIB}`,
    });
  });

  it.each([
    [4, '4'],
    [1.5, '2'],
    [0.1, '1'],
  ])('for a quota of %d CPUs sets GOMAXPROCS to %s', (cpus, value) => {
    expect(plan({ cpus }, 0.9, {})).toEqual({ GOMAXPROCS: value });
  });

  it('sets nothing without limits', () => {
    expect(plan({}, 0.9, {})).toEqual({});
  });

  it('keeps what the user has set', () => {
    const env = {
      GOMEMLIMIT: '1GiB',
      GOMAXPROCS: '3',
      NODE_OPTIONS: '--max-old-space-size=64',
      JAVA_TOOL_OPTIONS: '-Xmx1g',
    };
    expect(plan({ memoryBytes: MIB, cpus: 1 }, 1, env)).toEqual({});
  });

  it.each([
    ['NODE_OPTIONS', '--max_old_space_size=64'],
    ['NODE_OPTIONS', '--trace-gc --max-old-space-size 64'],
    ['JAVA_TOOL_OPTIONS', '-XX:MaxRAMPercentage=50'],
    ['JAVA_TOOL_OPTIONS', '-XX:MaxRAM=1g'],
    ['JAVA_TOOL_OPTIONS', '-XX:MaxHeapSize=1g'],
  ])('detects that %s contains %s already', (name, value) => {
    expect(plan({ memoryBytes: MIB }, 1, { [name]: value })).not.toHaveProperty(name);
  });

  it('appends to options that do not set the memory', () => {
    expect(
      plan({ memoryBytes: 64 * MIB }, 1, { NODE_OPTIONS: '--trace-gc', JAVA_TOOL_OPTIONS: '-ea' }),
    ).toMatchObject({
      NODE_OPTIONS: '--trace-gc --max-old-space-size=64',
      JAVA_TOOL_OPTIONS: `-ea -XX:MaxRAM=${64 * MIB}`,
    });
  });

  it('never exceeds the limit, nor sets less than 1 MiB for Node.js', () => {
    const ratio = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), ratio, (memoryBytes, share) => {
        const settings = plan({ memoryBytes }, share, {});
        expect(Number(settings.GOMEMLIMIT?.slice(0, -1))).toBeLessThanOrEqual(memoryBytes);
        const mib = Number(settings.NODE_OPTIONS?.split('=')[1]);
        expect(Number.isInteger(mib)).toBe(true);
        expect(mib).toBeGreaterThanOrEqual(1);
        expect((mib - 1) * MIB).toBeLessThanOrEqual(memoryBytes);
      }),
    );
  });
});
