import { describe, expect, it } from 'vitest';
import { forecastElf } from '#src/app/elf/forecast.ts';
import { fixture } from '../../../paths.ts';
import { required } from '../../../required.ts';

const path = (name: string) => fixture(`elf/${name}.bpf.o`);
const forecastOf = (...names: string[]) =>
  forecastElf({ files: names.map(path), kernelBtf: undefined, possibleCpus: [2], changes: [] });
const bytesOf = async (...names: string[]) => (await forecastOf(...names)).totals[0]?.bytes ?? Number.NaN;

describe('an extern map', () => {
  it('is reported as not counted if no object defines it', async () => {
    const { complete, objects } = await forecastOf('unusual-maps');
    expect(complete).toBe(false);
    expect(required(objects[0]).maps.map(({ name }) => name)).not.toContain('elsewhere');
    expect(objects[0]?.notCounted).toContain("extern map 'elsewhere': no object that was given defines it");
  });

  it('is counted once, in the object that defines it', async () => {
    const { objects } = await forecastOf('unusual-maps', 'extern-owner');
    expect(objects[0]?.notes).toContain(
      `extern map 'elsewhere': counted in ${path('extern-owner')}, which defines it`,
    );
    expect(objects[0]?.notCounted).toHaveLength(1);
    expect(await bytesOf('unusual-maps', 'extern-owner')).toBe(
      (await bytesOf('unusual-maps')) + (await bytesOf('extern-owner')),
    );
  });
});

it('a legacy perf array of 0 entries has one entry per CPU', async () => {
  const { complete, objects } = await forecastOf('legacy-sections');
  expect(complete).toBe(true);
  expect(objects[0]?.maps[0]).toMatchObject({ name: 'events', costs: [{ possibleCpus: 2 }] });
  expect(required(objects[0]?.maps[0]).max_entries).toBeUndefined();
});
