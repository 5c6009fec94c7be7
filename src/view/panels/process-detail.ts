/** All details of one process: what its list shows, and its mappings, limits and descriptors. */
import { formatShortCommand } from '../../format/safe-text.ts';
import { formatDuration } from '../../format/units.ts';
import type { MappedMemory } from '../../kernel/procfs/memory/smaps.ts';
import type { ProcessFacts } from '../../sampler/process-facts.ts';
import { processGrowth } from '../state/lists.ts';
import type { ProcessEntry, View } from '../state/view.ts';
import { fitLine } from '../text/cells.ts';
import type { Line, Span } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';
import { ABSENT, formatSize, growthText } from './figure-text.ts';
import { renderWrapped } from './pieces.ts';

const LABEL = 14;
const LIMIT_LABEL = 22;

/** Number of listed mappings; there are more in /proc. */
const MAX_SHOWN_MAPPINGS = 20;

const MAX_COMMAND_LENGTH = 1000;

/** The lines of the page. */
export function processLines(view: View, pid: number, width: number): Line[] {
  const entry = view.data.processes.get(pid);
  const own =
    entry === undefined
      ? [fitLine([{ text: `  Process ${pid} has exited.`, style: 'warning' }], width)]
      : renderOwn(view, entry, width);
  return [...own, ...renderFacts(view, width)];
}

function factOf(view: View, width: number, labelWidth = LABEL) {
  return (label: string, text: string, style?: Span['style']) =>
    renderWrapped(
      { text: `  ${label}`.padEnd(labelWidth), style: 'dim' },
      { text: shownText(text, view.unicode), ...(style === undefined ? {} : { style }) },
      width,
    );
}

function renderOwn(view: View, entry: ProcessEntry, width: number): Line[] {
  const { row, program, peakRss, seenMs } = entry;
  const { units } = view.ui;
  const fact = factOf(view, width);
  return [
    ...fact('command', commandText(entry), 'strong'),
    ...fact('name', row.comm),
    ...fact('pid', `${row.pid}, child of ${row.ppid}, first seen at ${formatDuration(seenMs)}`),
    ...fact('user', program?.user ?? 'not known'),
    ...fact('cgroup', row.cgroup === undefined ? 'the cgroup of the run' : `the nested cgroup ${row.cgroup}`),
    ...fact('rss', `${formatSize(row.rss, units)}, at most ${formatSize(peakRss, units)}`, 'strong'),
    ...fact('pss', formatSize(row.pss, units)),
    ...fact('growth', growthText(processGrowth(view, entry), units)),
    ...fact(
      'threads',
      `${row.threads}, cpu ${row.cpuPercent === undefined ? ABSENT : `${row.cpuPercent.toFixed(1)}%`}`,
    ),
  ];
}

/** A title that a program has set is a single word. */
function commandText({ program }: ProcessEntry): string {
  const [first, ...words] = program?.command ?? [];
  if (first === undefined) return 'not known';
  return words.length === 0 ? first : formatShortCommand([first, ...words], MAX_COMMAND_LENGTH);
}

function renderFacts(view: View, width: number): Line[] {
  const heading = (text: string) => [
    fitLine([], width),
    fitLine([{ text: `  ${shownText(text, view.unicode)}`, style: 'title' }], width),
  ];
  const note = (text: string) => fitLine([{ text: `  ${text}`, style: 'dim' }], width);
  const { facts, status } = view;
  if (facts === undefined) {
    const why = status.replay === undefined ? 'reading ...' : 'recordings do not contain them';
    return [...heading('Mappings, limits and descriptors'), note(why)];
  }
  const { mappings, limits, descriptors } = facts;
  const fact = factOf(view, width, LIMIT_LABEL);
  return [
    ...('failure' in mappings
      ? [...heading('Mappings'), note(mappings.failure)]
      : [
          ...heading(`Mappings: ${mappings.isCut ? 'the first ' : ''}${mappings.count}, by resident memory`),
          ...renderMappings(mappings.memory, view, width),
        ]),
    ...heading('Descriptors'),
    ...('failure' in descriptors
      ? [note(descriptors.failure)]
      : renderDescriptors(descriptors, limits, view, width)),
    ...heading('Limits'),
    ...('failure' in limits
      ? [note(limits.failure)]
      : limits.flatMap(({ name, soft, hard, unit }) =>
          fact(
            name,
            soft === hard ? `${soft} ${soft === 'unlimited' ? '' : unit}` : `${soft} of ${hard} ${unit}`,
          ),
        )),
  ];
}

function renderMappings(memory: readonly MappedMemory[], { ui, unicode }: View, width: number): Line[] {
  const size = (bytes: number) => formatSize(bytes, ui.units).padStart(ui.units === 'readable' ? 9 : 12);
  const titles = ['rss', 'pss', 'size', 'swap'].map((title) => title.padStart(size(0).length)).join(' ');
  const rows = memory.slice(0, MAX_SHOWN_MAPPINGS).map(({ name, count, rss, pss, size: bytes, swap }) => {
    const times = count === 1 ? '' : ` (${count})`;
    return fitLine(
      [
        { text: `  ${size(rss)}`, style: 'strong' },
        {
          text: ` ${size(pss)} ${size(bytes)} ${size(swap)}  ${shownText(nameOf(name, width), unicode)}${times}`,
        },
      ],
      width,
    );
  });
  const left = memory.length - rows.length;
  const more = left === 0 ? [] : [fitLine([{ text: `  and ${left} more`, style: 'dim' }], width)];
  return [fitLine([{ text: `  ${titles}  mapped`, style: 'dim' }], width), ...rows, ...more];
}

/** Below this width, files are shown without their folder. */
const ROOM_FOR_PATHS = 100;

function nameOf(name: string, width: number): string {
  if (name === '') return '[anonymous]';
  return width < ROOM_FOR_PATHS ? name.replace(/^\/.*\/(?=.)/, '') : name;
}

function renderDescriptors(
  { count, isCut, targets }: Exclude<ProcessFacts['descriptors'], { failure: string }>,
  limits: ProcessFacts['limits'],
  view: View,
  width: number,
): Line[] {
  const limit = 'failure' in limits ? undefined : limits.find(({ name }) => name === 'open files')?.soft;
  const fact = factOf(view, width);
  const left = count - targets.length;
  return [
    ...fact(
      'open',
      `${isCut ? 'at least ' : ''}${count}${limit === undefined ? '' : ` of ${limit}`}`,
      'strong',
    ),
    ...targets.flatMap(({ fd, target }) => fact(String(fd), target)),
    ...(left > 0 ? fact('', `and ${left} more`) : []),
  ];
}
