/** A single line for terminals that are too small for panels. */

import type { View } from '../state/view.ts';
import { type Field, labelled, packFields } from '../text/fields.ts';
import type { Line, Role } from '../text/line.ts';
import { formatChange, formatFigure, formatShare, GROWTH, growthOf } from './figure-text.ts';
import { stateFields } from './run-state.ts';

/** Figures, most important first. */
const FIGURES: readonly { id: string; name: string; role: Role; rank: number }[] = [
  { id: 'current', name: 'current', role: 'strong', rank: 1 },
  { id: 'rss', name: 'rss', role: 'strong', rank: 1 },
  { id: 'anon', name: 'anon', role: 'anon', rank: 5 },
  { id: 'kernel', name: 'kernel', role: 'kernel', rank: 6 },
  { id: 'bpf', name: 'BPF', role: 'bpf-maps', rank: 7 },
  { id: 'file', name: 'file', role: 'file', rank: 8 },
  { id: 'pss', name: 'pss', role: 'anon', rank: 5 },
];

/** Draws the line in exactly `width` columns. */
export function renderStatusLine(view: View, width: number): Line {
  const { tracks, latest, eventCounts } = view.data;
  const total = tracks.get('current') === undefined ? 'rss' : 'current';
  const [head, ...others] = FIGURES.filter(({ id }) => tracks.has(id)).map(({ id, name, role, rank }) =>
    labelled(rank, name, formatFigure(view, id, tracks.get(id)?.now), role),
  );
  const track = tracks.get(total);
  const fields: Field[] = stateFields(view);
  if (head !== undefined) fields.push(head);
  const growth = growthOf(track);
  if (growth !== undefined) fields.push(labelled(4, GROWTH, formatChange(Math.round(growth), view.ui.units)));
  if (track !== undefined) fields.push(labelled(3, 'peak', formatFigure(view, total, track.peak)));
  const max = latest?.limits?.max;
  if (typeof max === 'number') fields.push(labelled(2.5, 'of max', formatShare(latest?.current, max)));
  const kills = eventCounts.get('oom_kill')?.count ?? 0;
  if (kills > 0) fields.push(labelled(2, 'OOM kills', `${kills}`, 'bad'));
  return packFields([...fields, ...others], width, view.unicode);
}
