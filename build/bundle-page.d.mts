/** The script and the styles of HTML reports, each with its source of a Content-Security-Policy. */
export function bundlePage(): Promise<{
  script: string;
  style: string;
  scriptHash: string;
  styleHash: string;
  /** The files that the script is made of. */
  moduleIds: string[];
}>;
