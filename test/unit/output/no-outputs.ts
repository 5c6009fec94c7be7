import type { OutputRequest } from '#src/output/open-outputs.ts';

/** The request without any option for outputs. */
export const NO_OUTPUTS: OutputRequest = {
  json: false,
  output: undefined,
  summaryJson: undefined,
  quiet: false,
  noSummary: false,
  verbose: false,
  silent: false,
  plainBytes: false,
};
