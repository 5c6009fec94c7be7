import { expect, it } from 'vitest';
import { renderMapsPage } from '#src/app/maps/maps-page.ts';
import { SCENE } from '../../model/listed-maps.ts';

const ASSETS = { script: '', style: '', scriptHash: '', styleHash: '' };
const reading = {
  attribution: 'memcg',
  reason: undefined,
  hint: undefined,
  maps: SCENE,
  advice: undefined,
} as const;

it('shows the maps of a reading by name, type and owner, each adding up to all of them', () => {
  const page = renderMapsPage(reading, 0, new Date(0), ASSETS);
  for (const label of ['by name', 'by type', 'by owner'])
    expect(page).toContain(`<h3>BPF maps ${label}</h3>`);
  const totals = [...page.matchAll(/<caption>Composition of BPF maps: ([^<]+)</g)].map(([, total]) => total);
  expect(new Set(totals).size).toBe(1);
  expect(totals.length).toBeGreaterThanOrEqual(3);
  expect(page).toContain('1970-01-01T00:00:00.000Z');
  // They say something of a run only.
  expect(page).not.toContain('>Growth<');
});

it('says that there are no maps', () => {
  const page = renderMapsPage({ ...reading, maps: [] }, undefined, new Date(0), ASSETS);
  expect(page).toContain('0 maps, 0 B');
  expect(page).not.toContain('id="composition"');
});
