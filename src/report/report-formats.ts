/** The formats that a verdict alone is rendered in. */
export const VERDICT_FORMATS = ['text', 'markdown', 'junit', 'github', 'json', 'tap'] as const;

/** One of them. */
export type VerdictFormat = (typeof VERDICT_FORMATS)[number];

/** All report formats, in the order of the help. */
export const REPORT_FORMATS = [...VERDICT_FORMATS, 'html'] as const;

/** A report format. */
export type ReportFormat = (typeof REPORT_FORMATS)[number];
