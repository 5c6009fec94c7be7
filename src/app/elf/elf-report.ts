/** Formats the result of `cmemstat elf` as tables. */
import { type Align, alignColumns } from '../../format/align-columns.ts';
import { formatMapFlags } from '../../format/map-flags.ts';
import { plural } from '../../format/plural.ts';
import { safeText } from '../../format/safe-text.ts';
import { formatBytes } from '../../format/units.ts';
import {
  type ElfForecast,
  type ForecastCost,
  type ForecastMap,
  type ForecastObject,
  type ForecastTotal,
  isComplete,
} from './forecast-types.ts';

/** The format of sizes. */
export interface ElfReportStyle {
  plainBytes: boolean;
}

interface Column {
  title: string;
  align: Align;
}

/** The forecast as lines: a table per object, followed by omissions and unknowns. */
export function renderElfReport(forecast: ElfForecast, style: ElfReportStyle): string[] {
  const size = (bytes: number) => (style.plainBytes ? String(bytes) : formatBytes(bytes));
  const measured = forecast.objects.some(({ maps }) => maps.some((map) => map.measured !== undefined));
  const columns = columnsFor(forecast.possibleCpus, measured);
  const lines = forecast.objects.flatMap((object) => [
    `${safeText(object.path)}: ${plural(object.maps.length, 'map')}`,
    ...renderTable(columns, rowsOf(object, size)),
    ...notesOn(object),
    '',
  ]);
  if (forecast.objects.length > 1) {
    lines.push(
      `all ${forecast.objects.length} objects`,
      ...renderTable(columns, totalRows(forecast.totals, forecast.complete, size)),
      '',
    );
  }
  return [...lines, ...closing(forecast)];
}

function columnsFor(possibleCpus: readonly number[], measured: boolean): Column[] {
  const measurements: Column[] = [
    { title: 'memlock', align: 'right' },
    { title: 'charged', align: 'right' },
  ];
  return [
    { title: 'name', align: 'left' },
    { title: 'type', align: 'left' },
    { title: 'key', align: 'right' },
    { title: 'value', align: 'right' },
    { title: 'entries', align: 'right' },
    { title: 'flags', align: 'left' },
    ...possibleCpus.map((cpus): Column => ({ title: plural(cpus, 'CPU'), align: 'right' })),
    ...(measured ? measurements : []),
  ];
}

function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(({ title }) => title);
  const sides = columns.map(({ align }) => align);
  return alignColumns([titles, ...rows], sides).map((line) => `  ${line}`);
}

function rowsOf(object: ForecastObject, size: (bytes: number) => string): string[][] {
  const { maps, totals } = object;
  const rows = maps.flatMap((map) => [
    rowOf(map, '', totals, size),
    ...(map.inner === undefined ? [] : [rowOf({ ...map.inner, name: 'each inner map' }, '  ', totals, size)]),
  ]);
  return [...rows, ...totalRows(totals, isComplete(object), size)];
}

function rowOf(
  map: ForecastMap,
  indent: string,
  cpus: readonly unknown[],
  size: (bytes: number) => string,
): string[] {
  return [
    `${indent}${safeText(map.name)}${map.set === true ? ' *' : ''}`,
    map.type,
    String(map.key_size),
    String(map.value_size),
    map.max_entries === undefined ? 'per CPU' : String(map.max_entries),
    formatMapFlags(map.map_flags),
    ...(map.unknown === undefined ? map.costs.map((cost) => range(cost, size)) : cpus.map(() => '?')),
    ...measuredCells(map, size),
  ];
}

function measuredCells({ measured }: ForecastMap, size: (bytes: number) => string): string[] {
  if (measured === undefined) return [];
  if ('error' in measured) return ['refused'];
  return [size(measured.memlock), measured.chargedBytes === undefined ? '-' : size(measured.chargedBytes)];
}

function totalRows(
  totals: readonly ForecastTotal[],
  complete: boolean,
  size: (bytes: number) => string,
): string[][] {
  const label = (text: string) => [text, '', '', '', '', ''];
  const uncharged = totals.map(({ unchargedPercpuBytes }) => unchargedPercpuBytes);
  return [
    [...label(complete ? 'total' : 'total, at least'), ...totals.map((total) => range(total, size))],
    ...(uncharged.some((bytes) => bytes > 0)
      ? [[...label('  charged to no cgroup'), ...uncharged.map(size)]]
      : []),
  ];
}

function range(cost: ForecastTotal | ForecastCost, size: (bytes: number) => string): string {
  const empty = size(cost.bytes);
  const full = size(cost.fullBytes);
  return empty === full ? empty : `${empty} to ${full}`;
}

function notesOn({ maps, notCounted = [], notes = [] }: ForecastObject): string[] {
  const all = maps.flatMap((map) => [map, ...(map.inner === undefined ? [] : [map.inner])]);
  const unknown = all.flatMap(({ name, unknown: why }) =>
    why === undefined ? [] : [`  ?  ${safeText(name)}: ${safeText(why)}`],
  );
  const refused = maps.flatMap(({ name, measured }) =>
    measured !== undefined && 'error' in measured
      ? [`  refused: ${safeText(name)}: ${safeText(measured.error)}`]
      : [],
  );
  const omitted = (['elements', 'inner maps', 'pages'] as const).flatMap((what) => {
    const names = maps.filter(({ omits }) => omits === what).map(({ name }) => safeText(name));
    return names.length === 0 ? [] : [`  not counted: the ${what} of ${names.join(', ')}`];
  });
  return [
    ...unknown,
    ...refused,
    ...omitted,
    ...notCounted.map((what) => `  not counted: ${safeText(what)}`),
    ...notes.map((what) => `  note: ${safeText(what)}`),
  ];
}

function closing({ kernel, objects, totals }: ElfForecast): string[] {
  const maps = objects.flatMap((object) => object.maps);
  const grows = totals.some(({ bytes, fullBytes }) => bytes !== fullBytes);
  const guessed = maps.some(({ costs }) => costs.some(({ exact }) => !exact));
  return [
    `for Linux ${safeText(kernel)}`,
    ...(grows ? ['"A to B": empty, and with all entries in use'] : []),
    ...(maps.some(({ set }) => set === true) ? ['*: changed by --set'] : []),
    ...(maps.some(({ measured }) => measured !== undefined)
      ? ['memlock and charged: measured on this machine, for one empty map']
      : []),
    ...(guessed ? ['hashes: on some kernels up to 32 bytes less per possible CPU'] : []),
  ];
}
