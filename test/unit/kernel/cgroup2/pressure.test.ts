import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PressureLine, parsePressure } from '#src/kernel/cgroup2/pressure.ts';
import { capturedKernels } from '../../captured-kernels.ts';

const percent = fc.integer({ min: 0, max: 10_000 }).map((value) => value / 100);
const line = fc.record({ avg10: percent, avg60: percent, avg300: percent, total: fc.maxSafeNat() });
const print = (kind: string, { avg10, avg60, avg300, total }: PressureLine) =>
  `${kind} avg10=${avg10.toFixed(2)} avg60=${avg60.toFixed(2)} avg300=${avg300.toFixed(2)} total=${total}\n`;

const SOME = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0';

describe('parsePressure', () => {
  it('reads what the kernel prints', () => {
    fc.assert(
      fc.property(line, line, (some, full) => {
        expect(parsePressure(print('some', some) + print('full', full), 'f')).toEqual({ some, full });
      }),
    );
  });

  it('has no full if the kernel prints none', () => {
    expect(parsePressure(`${SOME}\n`, 'f')).toEqual({ some: { avg10: 0, avg60: 0, avg300: 0, total: 0 } });
  });

  it('reads an empty file as nothing', () => {
    expect(parsePressure('', 'f')).toEqual({});
  });

  it.each([
    ['a line cut off', `${SOME}\nfull avg10=0.00 avg60=0.0`, 2],
    ['an unknown kind', `${SOME.replace('some', 'most')}\n`, 1],
    ['a negative avg10', `${SOME.replace('avg10=', 'avg10=-')}\n`, 1],
    ['a negative avg60', `${SOME.replace('avg60=', 'avg60=-')}\n`, 1],
    ['a negative avg300', `${SOME.replace('avg300=', 'avg300=-')}\n`, 1],
    ['a total above 2^53', `${SOME}\n${SOME.replace('total=0', 'total=9007199254740993')}\n`, 2],
    ['the word max', `${SOME.replace('total=0', 'total=max')}\n`, 1],
    ['an empty line', `${SOME}\n\n`, 2],
    ['an average without decimals', `${SOME.replace('0.00', '0')}\n`, 1],
  ])('reports the file and the line of %s', (_, text, number) => {
    expect(() => parsePressure(text, '/leaf/memory.pressure')).toThrow(
      expect.objectContaining({ operation: 'parse', path: '/leaf/memory.pressure', line: number }),
    );
  });
});

describe.each(capturedKernels(2))('pressure of Linux $name', (kernel) => {
  it.each(['sys/fs/cgroup/leaf/memory.pressure', 'proc/pressure/memory'])('is read from %s', (file) => {
    const { some, full } = parsePressure(kernel.read(file), file);
    expect(some?.total).toBeGreaterThan(0);
    expect(full?.total).toBeLessThanOrEqual(some?.total ?? 0);
    expect(some?.avg10).toBeLessThanOrEqual(100);
  });
});
