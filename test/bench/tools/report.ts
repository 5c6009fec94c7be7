/** One figure of the benchmark, and its limit. */
export interface Finding {
  name: string;
  value: number;
  unit: string;
  /** Absent for figures printed for information only. */
  atMost: number | undefined;
  /** What the figure was computed from. */
  detail: string;
}

/** The median of numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper;
}

/** Whether a figure is within its limit. */
export function isMet({ value, atMost }: Finding): boolean {
  return atMost === undefined || value <= atMost;
}

/** Prints a table for people, then one line of JSON for programs. */
export function printFindings(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const finding of findings) {
    const { name, value, unit, atMost, detail } = finding;
    const verdict = isMet(finding) ? (atMost === undefined ? '      ' : 'ok    ') : 'MISSED';
    const figure = `${value.toFixed(2)} ${unit}`.padStart(14);
    const limit = atMost === undefined ? '' : `at most ${atMost} ${unit}  `;
    console.log(`${verdict} ${name.padEnd(width)} ${figure}  ${limit}(${detail})`);
  }
  console.log(JSON.stringify(findings));
}
