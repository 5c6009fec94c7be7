/** `cmemstat elf`: prints a forecast of the memory of maps in BPF object files. */
import { safeJson } from '../../format/safe-text.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { renderElfReport } from './elf-report.ts';
import { type ForecastOptions, forecastElf } from './forecast.ts';

/** How the forecast is printed. */
export interface ForecastStyle {
  json: boolean;
  /** Sizes as plain numbers of bytes. */
  plainBytes: boolean;
}

/**
 * Prints a forecast of the memory of maps in BPF object files.
 * @throws the errors of `forecastElf`; OutputError.
 */
export async function printForecast(
  options: ForecastOptions,
  { json, plainBytes }: ForecastStyle,
): Promise<void> {
  const forecast = await forecastElf(options);
  const output = new StandardOutput();
  if (json) await output.write(safeJson(forecast, 2));
  else await output.writeLines(renderElfReport(forecast, { plainBytes }));
}
