/** The script and the styles of HTML reports. */
export function bundlePage(): Promise<{ script: string; style: string }>;
