/** Collects what an HTML report shows of recordings, or of runs while they are measured. */
import { formatShortCommand } from '../../format/safe-text.ts';
import type { RecordLine, StartRecord } from '../../model/recording.ts';
import type { Verdict } from '../../model/verdict.ts';
import { MAX_PACKED_LENGTH, RecordingPacker } from '../../recording/embedded-recording.ts';
import { PageRunCollector } from '../../report/html/data/page-run-collector.ts';
import { MAX_BUCKETS } from '../../report/html/data/thinner.ts';
import { readPageAssets } from '../../report/html/page-assets.ts';
import { renderPage } from '../../report/html/render-page.ts';
import type { EmbeddedRecording, PageRun } from '../../report/html/sections/page-input.ts';
import { NameHider } from './hide-record-names.ts';

/** The options of a page. */
export interface PageOptions {
  /** Parts below this share are combined. From 0 to 1. */
  threshold: number;
  /** Whether the recordings are inside. */
  embed: boolean;
  /** Whether names of files, commands, processes and maps are shown. */
  names: boolean;
}

/** The defaults of a page. */
const DEFAULTS: PageOptions = { threshold: 0.01, embed: true, names: true };

/** Of more runs, the first ones and the last are shown, and the others are counted. */
const MAX_RUNS = 20;
/** Up to this number of runs, each has the full resolution. */
const MAX_FINE_RUNS = 4;
const COARSE_BUCKETS = 500;

/** Of a page that is rendered again while recordings grow. */
export interface LivePage {
  refreshMs: number;
  notes: readonly string[];
}

/** A run that is shown, and its recording. */
interface ShownRun {
  recording: PageRecording;
  collector: PageRunCollector;
}

/** Collects the records of all runs. */
export class PageCollector {
  readonly #options: PageOptions;
  readonly #buckets: number;
  readonly #hider: NameHider | undefined;
  readonly #runs: ShownRun[] = [];
  readonly #embedded: EmbeddedRecording[] = [];
  readonly #notes: string[] = [];
  #runsOmitted = 0;
  readonly #count: number;
  #files = 0;

  /** @param count the number of recordings or runs, as far as it is known. */
  constructor(options: Partial<PageOptions>, count: number) {
    this.#count = count;
    this.#options = { ...DEFAULTS, ...options };
    this.#buckets = count > MAX_FINE_RUNS ? COARSE_BUCKETS : MAX_BUCKETS;
    this.#hider = this.#options.names ? undefined : new NameHider();
  }

  /**
   * Starts a recording, or a run that is recorded; several may be open at the same time. `bytes` is its size,
   * if that is known: what is too large is not packed.
   */
  open(name: string, bytes = 0): PageRecording {
    this.#files += 1;
    const { embed, names } = this.#options;
    const isShown = this.#files < MAX_RUNS || this.#files === this.#count;
    const isEmbedded = embed && names && isShown;
    if (isEmbedded && bytes > MAX_PACKED_LENGTH) this.#noteTooLarge(name);
    return new PageRecording({
      label: this.#hider === undefined ? name : `recording ${this.#files}`,
      number: this.#files,
      packer: isEmbedded && bytes <= MAX_PACKED_LENGTH ? new RecordingPacker() : undefined,
      hider: this.#hider,
      addRun: (recording, start) => this.#addRun(recording, start),
      embed: (recording, packer) => this.#embed(recording, packer),
    });
  }

  #addRun(recording: PageRecording, start: StartRecord): PageRunCollector {
    const collector = new PageRunCollector(start, this.#buckets);
    if (this.#runs.length >= MAX_RUNS) {
      this.#runs.pop();
      this.#runsOmitted += 1;
    }
    this.#runs.push({ recording, collector });
    return collector;
  }

  async #embed({ label }: PageRecording, packer: RecordingPacker): Promise<void> {
    const text = await packer.finish();
    if (text !== undefined) this.#embedded.push({ name: label, text });
    else if (packer.isTooLarge) this.#noteTooLarge(label);
  }

  #noteTooLarge(label: string): void {
    const most = MAX_PACKED_LENGTH / 1024 ** 2;
    this.#notes.push(`${label}: the recording is larger than ${most} MiB and is not inside this report`);
  }

  /** The page. @throws UnsupportedError if the installation is incomplete. */
  render(given: Verdict | undefined, live?: LivePage, assets = readPageAssets()): string {
    const verdict = given === undefined ? undefined : (this.#hider?.hideVerdict(given) ?? given);
    const runs = this.#finish();
    const command = runs[0]?.start.command ?? verdict?.command ?? [];
    return renderPage(
      {
        title: 'cmemstat report',
        subject: formatShortCommand(command),
        ...(verdict === undefined ? {} : { verdict }),
        runs,
        runsOmitted: this.#runsOmitted,
        trees: [],
        notes: [...this.#missing(runs, live !== undefined), ...this.#notes, ...(live?.notes ?? [])],
        recordings: this.#embedded,
        threshold: this.#options.threshold,
        ...(live === undefined ? {} : { refreshMs: live.refreshMs }),
      },
      assets,
    );
  }

  #finish(): PageRun[] {
    // Of recordings that grow at the same time, a later run of the first one still follows it.
    const ordered = this.#runs.toSorted((a, b) => a.recording.number - b.recording.number);
    const labels = ordered.map(({ recording }) => recording.label);
    return ordered.map(({ collector }, index) => {
      const label = labels[index] ?? '';
      const same = labels.filter((each) => each === label).length;
      const number = labels.slice(0, index + 1).filter((each) => each === label).length;
      const { start, summary } = collector;
      return { model: collector.finish(same === 1 ? label : `${label}, run ${number}`), start, summary };
    });
  }

  #missing(runs: readonly PageRun[], isLive: boolean): string[] {
    const { names } = this.#options;
    return [
      ...runs.flatMap(({ model, summary }) => [
        ...(model.samples === 0 ? [`${model.label}: contains no samples: there is no timeline`] : []),
        ...(summary === undefined && !isLive
          ? [`${model.label}: the recording ends before its summary`]
          : []),
        ...(model.processes.omitted > 0
          ? [`${model.label}: ${model.processes.omitted} processes are not shown, the smallest`]
          : []),
        ...(model.maps.omitted > 0
          ? [`${model.label}: ${model.maps.omitted} BPF maps are not shown, the smallest`]
          : []),
      ]),
      ...(names
        ? []
        : [
            `Names of files, commands, processes and maps are hidden (--no-names)${isLive ? '' : ', and so the recording is not inside this report'}`,
          ]),
    ];
  }
}

interface RecordingParts {
  label: string;
  number: number;
  packer: RecordingPacker | undefined;
  hider: NameHider | undefined;
  addRun(recording: PageRecording, start: StartRecord): PageRunCollector;
  embed(recording: PageRecording, packer: RecordingPacker): Promise<void>;
}

/** Receives the records of one recording. */
export class PageRecording {
  readonly #parts: RecordingParts;
  #packer: RecordingPacker | undefined;
  #run: PageRunCollector | undefined;

  constructor(parts: RecordingParts) {
    this.#parts = parts;
    this.#packer = parts.packer;
  }

  /** Its name on the page. */
  get label(): string {
    return this.#parts.label;
  }

  /** Its place among the others, from 1. */
  get number(): number {
    return this.#parts.number;
  }

  /** Whether lines are needed. */
  get isPacking(): boolean {
    return this.#packer !== undefined;
  }

  /** Adds a line as it was written. */
  addLine(text: string): void {
    this.#packer?.add(text);
  }

  /** Adds a record. */
  observe(given: RecordLine): void {
    const record = this.#parts.hider?.hideRecord(given) ?? given;
    if (record.type === 'start') this.#run = this.#parts.addRun(this, record);
    else this.#run?.observe(record);
  }

  /** Ends the recording. */
  async close(): Promise<void> {
    const packer = this.#packer;
    this.#packer = undefined;
    if (packer !== undefined) await this.#parts.embed(this, packer);
  }
}
