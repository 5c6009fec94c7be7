/** Chooses the format and the coding of an answer. Source: RFC 9110, section 12.5. */
import type { ExpositionFormat } from '../../../export/exposition.ts';

/** A format with its media type. */
export interface ChosenFormat {
  readonly format: ExpositionFormat;
  readonly contentType: string;
}

const OPEN: ChosenFormat = {
  format: 'openmetrics',
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};
const TEXT: ChosenFormat = { format: 'text', contentType: 'text/plain; version=0.0.4; charset=utf-8' };

/** How much of a header is looked at. Unit: characters. */
const MAX_HEADER_LENGTH = 2048;

interface Item {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** From 0 to 1. */
  readonly quality: number;
}

/**
 * The format that a client prefers: OpenMetrics only if it is named, the older format of Prometheus for all
 * others. Of two with the same quality, OpenMetrics.
 */
export function chooseFormat(accept: string | undefined): ChosenFormat {
  let best = { quality: 0, chosen: TEXT };
  for (const { name, parameters, quality } of parseItems(accept)) {
    const version = parameters.get('version');
    const isOpen =
      name === 'application/openmetrics-text' &&
      (version === undefined || version === '1.0.0' || version === '0.0.1');
    const isText = name === 'text/plain' || name === 'text/*' || name === '*/*';
    if (!isOpen && !isText) continue;
    if (quality > best.quality || (quality > 0 && quality === best.quality && isOpen)) {
      best = { quality, chosen: isOpen ? OPEN : TEXT };
    }
  }
  return best.chosen;
}

/** Whether the client takes gzip, and does not prefer an answer without it. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const items = parseItems(acceptEncoding);
  const qualityOf = (...names: string[]) => items.find(({ name }) => names.includes(name))?.quality;
  const gzip = qualityOf('gzip', 'x-gzip') ?? qualityOf('*') ?? 0;
  return gzip > 0 && gzip >= (qualityOf('identity') ?? 0);
}

/** Parts that are not understood are left out. */
function parseItems(header: string | undefined): Item[] {
  if (header === undefined) return [];
  return header
    .slice(0, MAX_HEADER_LENGTH)
    .split(',')
    .map((part) => {
      const [name = '', ...rest] = part.split(';').map((each) => each.trim().toLowerCase());
      const parameters = new Map(
        rest.map((each): [string, string] => {
          const at = each.indexOf('=');
          const value = at < 0 ? '' : each.slice(at + 1).trim();
          return [(at < 0 ? each : each.slice(0, at)).trim(), value.replace(/^"(.*)"$/, '$1')];
        }),
      );
      return { name, parameters, quality: parseQuality(parameters.get('q')) };
    })
    .filter(({ name }) => name !== '');
}

/** 1 if there is none; 0 if it is none of those allowed. */
function parseQuality(text: string | undefined): number {
  if (text === undefined) return 1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
