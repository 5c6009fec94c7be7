import { describe, expect, it } from 'vitest';
import { EntityHistory, maximaByName, valuesAt } from '#src/report/html/data/entity-history.ts';

describe('EntityHistory', () => {
  it('knows the values at a time, and when something was gone', () => {
    const history = new EntityHistory(2);
    history.at(0);
    history.set(1, [10, 1]);
    history.at(100);
    history.set(1, [20, 2]);
    history.at(200);
    history.remove(1);
    const known = history.finish(10);
    const [entity] = known.entities;
    if (entity === undefined) throw new Error('no entity');
    expect([-1, 0, 99, 100, 199, 200].map((ms) => valuesAt(known, entity, ms, 2))).toEqual([
      undefined,
      [10, 1],
      [10, 1],
      [20, 2],
      [20, 2],
      undefined,
    ]);
    expect(entity).toMatchObject({ max: 20, maxMs: 100, first: 10, last: 20 });
  });

  it('stays bounded over 10,000 maps and 2,000 readings, and keeps the last values', () => {
    const history = new EntityHistory(1);
    for (let reading = 0; reading < 2000; reading += 1) {
      history.at(reading);
      for (let id = 0; id < 10_000; id += reading === 0 ? 1 : 100) history.set(id, [reading + id]);
    }
    const known = history.finish(20_000);
    expect(known.moments.length).toBeLessThanOrEqual(512);
    expect(known.entities.reduce((sum, { changes }) => sum + changes.length / 2, 0)).toBeLessThanOrEqual(
      100_000,
    );
    const entity = known.entities.find(({ id }) => id === 300);
    if (entity === undefined) throw new Error('no entity');
    expect(valuesAt(known, entity, 2000, 1)).toEqual([2299]);
    expect(known.moments.at(-1)).toBe(1999);
    expect(known.moments).toEqual(known.moments.toSorted((a, b) => a - b));
  });

  it('leaves out the smallest and counts them', () => {
    const history = new EntityHistory(1);
    history.at(0);
    for (let id = 0; id < 30_000; id += 1) history.set(id, [id]);
    const { entities, omitted } = history.finish(5);
    expect(entities.map(({ id }) => id)).toEqual([29_999, 29_998, 29_997, 29_996, 29_995]);
    expect(omitted).toBe(29_995);
  });
});

describe('maximaByName', () => {
  it('adds up what is there at the same time', () => {
    const history = new EntityHistory(1);
    const names = new Map([
      [1, 'cc1'],
      [2, 'cc1'],
      [3, 'ld'],
    ]);
    history.at(1);
    history.set(1, [10]);
    history.set(3, [7]);
    history.at(2);
    history.remove(1);
    history.set(2, [12]);
    history.at(3);
    history.set(1, [5]);
    const finished = history.finish(10);
    const named = finished.entities.map((entity) => ({ ...entity, name: names.get(entity.id) ?? '' }));
    expect(maximaByName(finished, named, 1)).toEqual(
      new Map([
        ['cc1', 17],
        ['ld', 7],
      ]),
    );
  });
});
