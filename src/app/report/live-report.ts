/** The page of recordings that are still written: reads what was appended, and renders it again. */
import { InputError } from '../../errors.ts';
import type { RecordLine } from '../../model/recording.ts';
import { type Found, RecordingTail } from '../../recording/recording-tail.ts';
import { readPageAssets } from '../../report/html/page-assets.ts';
import type { PageAssets } from '../../report/html/sections/page-input.ts';
import { type RecordedRuns, RecordingsEvaluation } from '../gate/gate-recordings.ts';
import type { GatePlan } from '../gate/plan.ts';
import type { ServedPage } from '../http/page-server.ts';
import { PageCollector, type PageOptions, type PageRecording } from '../page/page-collector.ts';

/** How often the script of the page requests it. Unit: milliseconds. */
const REFRESH_MS = 2_000;
/** Files that are replaced again while they are read wait for the next request. */
const MAX_ATTEMPTS = 3;

interface LiveFile {
  path: string;
  tail: RecordingTail;
  runs: RecordedRuns;
  page: PageRecording;
  /**
   * The last sample and what follows it: the evaluation would take it for complete, and the maps and
   * processes of the same moment may not be written yet.
   */
  pending: RecordLine[];
  fault: string | undefined;
}

/** Recordings, and the page of what was read of them. */
export class LiveReport {
  readonly #plan: GatePlan;
  readonly #options: Partial<PageOptions>;
  readonly #assets: PageAssets;
  readonly #tails: ReadonlyMap<string, RecordingTail>;
  #evaluation: RecordingsEvaluation;
  #collector: PageCollector;
  #files: LiveFile[] = [];
  #version = 0;
  #rendered: ServedPage | undefined;
  /** The state of the files when the page was rendered. */
  #renderedNotes = '';
  #replaced: string[] = [];

  /**
   * Reads what there is; a file may be empty, but not missing.
   * @throws InputError if one cannot be read, or is something else.
   */
  static async open(
    paths: readonly string[],
    plan: GatePlan,
    options: Partial<PageOptions>,
    assets = readPageAssets(),
  ): Promise<LiveReport> {
    const tails = new Map<string, RecordingTail>();
    try {
      for (const path of paths) tails.set(path, await RecordingTail.open(path));
      const report = new LiveReport(plan, options, tails, await RecordingsEvaluation.open(plan), assets);
      await report.#readAll();
      for (const { path, tail, fault } of report.#files) {
        if (tail.isOther) throw tail.noRecording();
        if (fault !== undefined) throw new InputError(path, fault);
      }
      return report;
    } catch (error) {
      for (const tail of tails.values()) await tail.close();
      throw error;
    }
  }

  private constructor(
    plan: GatePlan,
    options: Partial<PageOptions>,
    tails: ReadonlyMap<string, RecordingTail>,
    evaluation: RecordingsEvaluation,
    assets: PageAssets,
  ) {
    this.#plan = plan;
    this.#options = { ...options, embed: false };
    this.#tails = tails;
    this.#evaluation = evaluation;
    this.#assets = assets;
    this.#collector = this.#start();
  }

  /** The current page; the same one if nothing was appended. */
  async render(): Promise<ServedPage> {
    const hasGrown = await this.#readAll();
    const notes = this.#notes();
    const key = notes.join('\n');
    if (this.#rendered !== undefined && !hasGrown && key === this.#renderedNotes) return this.#rendered;
    const verdict = this.#evaluation.verdict();
    const html = this.#collector.render(verdict, { refreshMs: REFRESH_MS, notes }, this.#assets);
    this.#version += 1;
    this.#renderedNotes = key;
    this.#rendered = { tag: `${process.pid}-${this.#version}`, body: Buffer.from(html) };
    return this.#rendered;
  }

  async close(): Promise<void> {
    for (const tail of this.#tails.values()) await tail.close();
  }

  /** Resets all figures, for an evaluation that was just opened. */
  #start(): PageCollector {
    const collector = new PageCollector(this.#options, this.#tails.size);
    this.#files = Array.from(this.#tails, ([path, tail]) => {
      const [runs, page] = [this.#evaluation.openFile(path), collector.open(path)];
      return { path, tail, runs, page, pending: [], fault: undefined };
    });
    return collector;
  }

  /** Whether anything was read. If a file has other content now, all are read again from their start. */
  async #readAll(): Promise<boolean> {
    let hasGrown = false;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      let isReplaced = false;
      for (const file of this.#files) {
        const found = await this.#read(file);
        if (found === 'grown') hasGrown = true;
        if (found !== 'replaced') continue;
        isReplaced = true;
        this.#noteReplaced(file.path);
      }
      if (!isReplaced) break;
      hasGrown = true;
      for (const tail of this.#tails.values()) await tail.close();
      this.#evaluation = await RecordingsEvaluation.open(this.#plan);
      this.#collector = this.#start();
    }
    return hasGrown;
  }

  async #read(file: LiveFile): Promise<Found> {
    const { tail, runs, page } = file;
    try {
      const found = await tail.read((record) => {
        page.observe(record);
        if (record.type === 'sample') evaluate(file);
        file.pending.push(record);
        if (record.type === 'summary') evaluate(file);
      });
      runs.counts = tail.counts;
      file.fault = undefined;
      return found;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      file.fault = error.message;
      return 'same';
    }
  }

  #noteReplaced(path: string): void {
    const note = `${path}: other content since ${new Date().toISOString()}, read from its start`;
    this.#replaced = [...this.#replaced.filter((each) => !each.startsWith(`${path}: `)), note];
  }

  #notes(): string[] {
    const notes = this.#files.flatMap(({ path, tail, runs, fault }) => [
      ...(fault === undefined ? [] : [fault]),
      ...(tail.isGone ? [`${path}: the file was removed or renamed; what was read is shown`] : []),
      ...(runs.hasRuns || fault !== undefined ? [] : [`${path}: contains no runs yet`]),
    ]);
    return [...notes, ...this.#replaced];
  }
}

function evaluate({ pending, runs }: LiveFile): void {
  for (const record of pending.splice(0)) runs.observe(record);
}
