/** `cmemstat report` of recordings without budgets: their summaries, as they were printed after the runs. */
import { safeLine, safeText } from '../../format/safe-text.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { renderSummary } from '../../output/summary-text.ts';
import { openTextFile } from '../../output/text-file.ts';
import { scanRecording } from '../../recording/read-recording.ts';

/**
 * Prints the summary of every run; returns the exit status.
 * @throws InputError if a recording cannot be read; UsageError or OutputError if `file` cannot be written.
 */
export async function printSummaries(files: readonly string[], file: string | undefined): Promise<number> {
  const target = file === undefined ? undefined : openTextFile('--output', file);
  const lines: string[] = [];
  for (const path of files) {
    let isOpen = false;
    const warnOfEnd = () => {
      if (isOpen) lines.push('', `cmemstat: ${safeText(path)}: the recording ends before its summary`);
      isOpen = false;
    };
    await scanRecording(path, (record) => {
      if (record.type === 'start') {
        warnOfEnd();
        isOpen = true;
      } else if (record.type === 'summary') {
        isOpen = false;
        lines.push(...renderSummary(record, { plainBytes: false }));
      }
    });
    warnOfEnd();
  }
  // The first line of a summary separates it from what the target printed.
  const shown = lines.slice(1);
  if (target === undefined) await new StandardOutput().writeLines(shown);
  else await target.write(`${shown.map(safeLine).join('\n')}\n`);
  return 0;
}
