/** Collects what an HTML report shows of recordings, or of runs while they are measured. */
import { formatShortCommand } from '../../format/safe-text.ts';
import type { RecordLine } from '../../model/recording.ts';
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

/** More runs are counted only. */
const MAX_RUNS = 20;
/** Up to this number of runs, each has the full resolution. */
const MAX_FINE_RUNS = 4;
const COARSE_BUCKETS = 500;

/** Receives the records of all runs, one recording after the other. */
export class PageCollector {
  readonly #options: PageOptions;
  readonly #buckets: number;
  readonly #hider: NameHider | undefined;
  readonly #runs: { label: string; collector: PageRunCollector }[] = [];
  readonly #recordings: EmbeddedRecording[] = [];
  readonly #notes: string[] = [];
  #runsOmitted = 0;
  #label = '';
  #files = 0;
  #packer: RecordingPacker | undefined;
  #current: PageRunCollector | undefined;

  /** @param count the number of recordings or runs, as far as it is known. */
  constructor(options: Partial<PageOptions>, count: number) {
    this.#options = { ...DEFAULTS, ...options };
    this.#buckets = count > MAX_FINE_RUNS ? COARSE_BUCKETS : MAX_BUCKETS;
    this.#hider = this.#options.names ? undefined : new NameHider();
  }

  /** Starts a recording, or a run that is recorded. */
  open(name: string): void {
    this.#files += 1;
    this.#label = this.#hider === undefined ? name : `recording ${this.#files}`;
    this.#current = undefined;
    const isPacked = this.#options.embed && this.#options.names && this.#files <= MAX_RUNS;
    this.#packer = isPacked ? new RecordingPacker() : undefined;
  }

  /** Whether lines are needed. */
  get isPacking(): boolean {
    return this.#packer !== undefined;
  }

  /** Adds a line of the recording as it was written. */
  addLine(text: string): void {
    this.#packer?.add(text);
  }

  /** Adds a record of the recording. */
  observe(given: RecordLine): void {
    const record = this.#hider?.hideRecord(given) ?? given;
    if (record.type === 'start') {
      this.#current = undefined;
      if (this.#runs.length >= MAX_RUNS) this.#runsOmitted += 1;
      else {
        this.#current = new PageRunCollector(record, this.#buckets);
        this.#runs.push({ label: this.#label, collector: this.#current });
      }
    } else this.#current?.observe(record);
  }

  /** Ends a recording. */
  async close(): Promise<void> {
    const packer = this.#packer;
    this.#packer = undefined;
    const text = await packer?.finish();
    if (text !== undefined) this.#recordings.push({ name: this.#label, text });
    else if (packer?.isTooLarge === true) {
      const most = MAX_PACKED_LENGTH / 1024 ** 2;
      this.#notes.push(
        `${this.#label}: the recording is larger than ${most} MiB and is not inside this report`,
      );
    }
  }

  /** The page. @throws UnsupportedError if the installation is incomplete. */
  render(given: Verdict | undefined): string {
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
        notes: [...this.#missing(runs), ...this.#notes],
        recordings: this.#recordings,
        threshold: this.#options.threshold,
      },
      readPageAssets(),
    );
  }

  #finish(): PageRun[] {
    const labels = this.#runs.map(({ label }) => label);
    return this.#runs.map(({ label, collector }, index) => {
      const same = labels.filter((each) => each === label).length;
      const number = labels.slice(0, index + 1).filter((each) => each === label).length;
      const { start, summary } = collector;
      return { model: collector.finish(same === 1 ? label : `${label}, run ${number}`), start, summary };
    });
  }

  #missing(runs: readonly PageRun[]): string[] {
    const { names } = this.#options;
    return [
      ...runs.flatMap(({ model, summary }) => [
        ...(model.samples === 0 ? [`${model.label}: contains no samples: there is no timeline`] : []),
        ...(summary === undefined ? [`${model.label}: the recording ends before its summary`] : []),
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
            'Names of files, commands, processes and maps are hidden (--no-names), and so the recording is not inside this report',
          ]),
    ];
  }
}
