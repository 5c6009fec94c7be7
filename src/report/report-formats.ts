/** All report formats, in the order of the help. */
export const REPORT_FORMATS = ['text', 'markdown', 'junit', 'github', 'json', 'tap'] as const;

/** A report format. */
export type ReportFormat = (typeof REPORT_FORMATS)[number];
