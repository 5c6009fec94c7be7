/** The header: command, state, placement, measurement and limits. */
import { formatShortCommand } from '../../format/safe-text.ts';
import { formatBytes, formatDuration } from '../../format/units.ts';
import type { View } from '../state/view.ts';
import { type Field, labelled, packFields } from '../text/fields.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';
import { formatSize } from './figure-text.ts';
import { fillUp } from './pieces.ts';
import { stateFields } from './run-state.ts';

/** Wider than any terminal. Unit: characters. */
const MAX_COMMAND_LENGTH = 1000;

/** Draws the header: exactly `size.height` lines of `size.width` columns. */
export function renderHeader(view: View, size: Size): Line[] {
  const { width, height } = size;
  const lines = linesOf(view, height).map((fields) => packFields(fields, width, view.unicode));
  return fillUp(lines, size);
}

function linesOf(view: View, height: number): Field[][] {
  const first = [...stateFields(view), ...commandFields(view)];
  const clock = clockFields(view);
  const limits = limitField(view);
  const place = placeField(view);
  if (height <= 1) return [[...first, ...limits, ...clock]];
  if (height === 2) return [first, [...clock, ...limits, ...place]];
  return [first, [...limits, ...place], [...clock, ...hostFields(view)]];
}

function commandFields({ data: { start }, unicode }: View): Field[] {
  if (start === undefined) return [];
  const command = shownText(formatShortCommand(start.command, MAX_COMMAND_LENGTH), unicode);
  return [
    { rank: 1.7, spans: [{ text: command, style: 'strong' }], cut: { at: 'end', least: 16 } },
    ...(start.pid === undefined ? [] : [labelled(2, 'pid', `${start.pid}`)]),
    {
      rank: 4,
      spans: [
        { text: shownText(start.mode, unicode), style: start.mode === 'process-tree' ? 'warning' : 'plain' },
      ],
    },
  ];
}

/** The interval and timing statistics of the samples. */
function clockFields({ status, data }: View): Field[] {
  const { intervalMs, late, missed, replay } = status;
  const fields: Field[] = [];
  if (replay !== undefined && replay.damagedLines > 0)
    fields.push(labelled(3, 'damaged lines skipped', `${replay.damagedLines}`, 'warning'));
  if (replay?.following === true) fields.push({ rank: 5, spans: [{ text: 'following', style: 'good' }] });
  // Before the launch, and before the first line of a followed recording.
  if (intervalMs > 0) fields.push(labelled(6, 'every', formatDuration(intervalMs)));
  fields.push(labelled(5.5, 'late', `${late}`, late > 0 ? 'warning' : 'plain'));
  if (missed > 0) fields.push(labelled(8.5, 'missed', `${missed}`, 'warning'));
  if (data.samples > 0) fields.push(labelled(9, 'samples', `${data.samples}`));
  return fields;
}

/** The limits of the leaf itself; unset limits are left out. */
function limitField({ data: { latest }, ui: { units } }: View): Field[] {
  const limits = latest?.limits;
  if (limits === undefined) return [];
  const named = [
    ['max', limits.max],
    ['high', limits.high],
    ['swap', limits.swapMax],
    ['memsw', limits['memsw.limit_in_bytes']],
  ] as const;
  const spans: Span[] = [];
  for (const [name, limit] of named) {
    if (typeof limit !== 'number') continue;
    spans.push({ text: `${spans.length === 0 ? '' : ' '}${name} `, style: 'dim' });
    spans.push({ text: formatSize(limit, units) });
  }
  return [{ rank: 3.5, spans: spans.length === 0 ? [{ text: 'no limits', style: 'dim' }] : spans }];
}

/** The location of the leaf, or why there is none. */
function placeField({ data: { start }, unicode }: View): Field[] {
  if (start === undefined) return [];
  const text = start.leaf === undefined ? start.placement.reason : start.leaf;
  return [
    {
      rank: 8,
      spans: [
        { text: start.leaf === undefined ? 'no cgroup: ' : 'cgroup ', style: 'dim' },
        { text: shownText(text, unicode) },
      ],
      cut: { at: start.leaf === undefined ? 'end' : 'start', least: 10 },
    },
  ];
}

function hostFields({ data: { start }, unicode }: View): Field[] {
  if (start === undefined) return [];
  const { kernel, cpus, memTotalBytes } = start.host;
  return [
    labelled(10, 'Linux', shownText(kernel, unicode)),
    labelled(11, 'CPUs', `${cpus}`),
    labelled(12, 'RAM', formatBytes(memTotalBytes)),
  ];
}
