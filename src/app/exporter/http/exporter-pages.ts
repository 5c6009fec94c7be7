/** What the exporter answers: /metrics, /healthz and a page with links and what cannot be read. */
import { constants, gzipSync } from 'node:zlib';
import { EXPOSED } from '../../../export/exporter-names.ts';
import { type ExpositionFormat, renderExposition } from '../../../export/exposition.ts';
import { hintSuffix } from '../../../format/hint.ts';
import { VERSION } from '../../../version.ts';
import type { AbsentReason, Collection } from '../collect/collector.ts';
import { type Answer, type Handler, textAnswer } from './exporter-server.ts';
import { acceptsGzip, chooseFormat } from './negotiate.ts';

/** Below this length nothing is compressed. Unit: bytes. */
const MIN_GZIP_BYTES = 1024;

/** Collections at most this often, whatever the number of clients. Unit: milliseconds. */
const COLLECT_EVERY_MS = 1000;

/** What the answers are made from. */
export interface PagesOptions {
  readonly collect: () => Promise<Collection>;
  /** Monotonic. Unit: milliseconds. */
  readonly now: () => number;
  /** Called after each collection. */
  readonly afterCollection?: () => void;
}

/** The documents of one collection, each made once. */
class Documents {
  readonly collection: Collection;
  readonly atMs: number;
  readonly #made = new Map<string, Buffer>();

  constructor(collection: Collection, atMs: number) {
    this.collection = collection;
    this.atMs = atMs;
  }

  body(format: ExpositionFormat, isCompressed: boolean): Buffer {
    const key = `${format} ${isCompressed}`;
    let made = this.#made.get(key);
    if (made === undefined) {
      made = isCompressed ? this.#compressed(format) : this.#plain(format);
      this.#made.set(key, made);
    }
    return made;
  }

  #plain(format: ExpositionFormat): Buffer {
    const { figures, absent } = this.collection;
    return Buffer.from(renderExposition(figures, Object.values(EXPOSED), format, absent.map(describe)));
  }

  /** Not in a thread of its own: it takes a few milliseconds, and the memory of four threads would stay. */
  #compressed(format: ExpositionFormat): Buffer {
    return gzipSync(this.body(format, false), { level: constants.Z_BEST_SPEED });
  }
}

/** Answers requests from collections that all clients share. */
export class ExporterPages {
  readonly #options: PagesOptions;
  #last: Documents | undefined;
  #pending: Promise<Documents> | undefined;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  readonly answer: Handler = async ({ path, headers }) => {
    switch (path) {
      case '/metrics':
        return this.#metrics(headers.accept, headers['accept-encoding']);
      case '/healthz':
        return this.#health();
      case '/':
        return { status: 200, headers: PAGE_HEADERS, body: Buffer.from(renderPage(this.#last?.collection)) };
      default:
        return textAnswer(404, 'not found; there are /, /metrics and /healthz\n');
    }
  };

  /** The last collection if it is not older than a second, or a new one, for all who wait at this time. */
  current(): Promise<Documents> {
    const { now } = this.#options;
    const last = this.#last;
    if (this.#pending !== undefined) return this.#pending;
    if (last !== undefined && now() - last.atMs < COLLECT_EVERY_MS) return Promise.resolve(last);
    const pending = this.#collect().finally(() => {
      this.#pending = undefined;
    });
    this.#pending = pending;
    return pending;
  }

  async #collect(): Promise<Documents> {
    const { collect, now, afterCollection } = this.#options;
    const collection = await collect();
    this.#last = new Documents(collection, now());
    afterCollection?.();
    return this.#last;
  }

  async #metrics(accept: string | undefined, encoding: string | undefined): Promise<Answer> {
    const { format, contentType } = chooseFormat(accept);
    const documents = await this.current();
    const plain = documents.body(format, false);
    const isCompressed = plain.length >= MIN_GZIP_BYTES && acceptsGzip(encoding);
    return {
      status: 200,
      headers: {
        'content-type': contentType,
        vary: 'Accept, Accept-Encoding',
        'cache-control': 'no-store',
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
      },
      body: isCompressed ? documents.body(format, true) : plain,
    };
  }

  /** Whether the last collection succeeded; reads nothing. */
  #health(): Answer {
    const failure = this.#last?.collection.failure;
    return failure === undefined ? textAnswer(200, 'ok\n') : textAnswer(503, `${failure}\n`);
  }
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

function describe({ figure, reason, hint }: AbsentReason): string {
  return `no ${figure}: ${reason}${hintSuffix(hint)}`;
}

function renderPage(collection: Collection | undefined): string {
  const absent = collection?.absent ?? [];
  const rows = absent.map((each) => `<li>${escapeHtml(describe(each))}</li>`).join('\n');
  const list = rows === '' ? '' : `<h2>What cannot be read here</h2>\n<ul>\n${rows}\n</ul>\n`;
  const count =
    collection === undefined ? '' : `<p>${collection.figures.size} series at the last scrape.</p>\n`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>cmemstat exporter</title>
<h1>cmemstat exporter ${escapeHtml(VERSION)}</h1>
<p><a href="/metrics">/metrics</a>: memory of cgroups and BPF maps of this host, for Prometheus.<br>
<a href="/healthz">/healthz</a>: whether they could be read.</p>
${count}${list}</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
