import { replay as open } from '../../app/replay/replay.ts';
import { UsageError } from '../../errors.ts';

/** The options as unparsed text. */
export interface ReplayFlags {
  follow?: true;
  at?: string;
  speed: string;
}

/**
 * Opens a recording in the view.
 * @throws UsageError, and the errors of `replay`.
 */
export async function replay(file: string, flags: ReplayFlags): Promise<number> {
  const speed = Number(flags.speed.replace(/x$/, ''));
  if (!(speed > 0 && Number.isFinite(speed))) {
    throw new UsageError('--speed', `--speed ${flags.speed}: expected a number above 0, such as 4 or 0.5`);
  }
  return open({ file, follow: flags.follow === true, at: flags.at, speed });
}
