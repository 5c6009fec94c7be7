/** Every format of a report, as help lists them. */
export const REPORT_FORMATS = ['text', 'markdown', 'junit', 'github', 'json', 'tap'] as const;

/** One of them. */
export type ReportFormat = (typeof REPORT_FORMATS)[number];
