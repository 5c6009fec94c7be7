/** What a page is rendered from. */
import type { BpfAdvice } from '../../../model/bpf-advice.ts';
import type { StartRecord, SummaryRecord } from '../../../model/recording.ts';
import type { Verdict } from '../../../model/verdict.ts';
import type { NamedTree, RunModel } from '../data/page-model.ts';

/** One run of a page. */
export interface PageRun {
  model: RunModel;
  start: StartRecord;
  summary: SummaryRecord | undefined;
}

/** A compressed recording inside the page. */
export interface EmbeddedRecording {
  /** Its file. */
  name: string;
  /** Base64. */
  text: string;
}

/** A table of facts about what is not a run. */
export interface PageFacts {
  heading: string;
  rows: readonly (readonly [name: string, value: string])[];
}

/** The script and the styles of pages, made by the build. */
export interface PageAssets {
  /** As sources of a Content-Security-Policy: `'sha256-...'`. */
  readonly scriptHash: string;
  readonly styleHash: string;
  script: string;
  style: string;
}

/** Everything that a page shows. */
export interface PageInput {
  title: string;
  /** What was measured: a command, a host. */
  subject: string;
  verdict?: Verdict;
  runs: readonly PageRun[];
  /** Number of runs that are left out of the charts. */
  runsOmitted?: number;
  trees: readonly NamedTree[];
  /** Maps that belong to no run. */
  maps?: RunModel['maps'];
  facts?: readonly PageFacts[];
  advice?: readonly Pick<BpfAdvice, 'text' | 'options'>[];
  /** What is missing or was left out. */
  notes: readonly string[];
  recordings: readonly EmbeddedRecording[];
  threshold: number;
  /** How often the script of a served page requests it again. Unit: milliseconds. */
  refreshMs?: number;
}
