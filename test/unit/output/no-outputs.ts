import type { OutputRequest } from '#src/output/open-outputs.ts';

/** What is asked for where no option for the outputs is given. */
export const NO_OUTPUTS: OutputRequest = {
  json: false,
  output: undefined,
  summaryJson: undefined,
  quiet: false,
  verbose: false,
  silent: false,
  plainBytes: false,
};
