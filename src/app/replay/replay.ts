/** Replays a recording in the terminal view. */
import { constants } from 'node:os';
import { InputError, UnsupportedError, UsageError } from '../../errors.ts';
import { safeText } from '../../format/safe-text.ts';
import { isHtmlFile, unpackRecordings } from '../../recording/embedded-recording.ts';
import { openPlayer, type PlayerOptions, type RecordingPlayer } from '../../recording/recording-player.ts';
import { ENDING_SIGNALS } from '../../target/signals.ts';
import { ReplayView } from '../../view/replay-view.ts';
import { parseMoment } from '../../view/state/moment.ts';
import { ViewBuilder } from '../../view/state/view-builder.ts';
import { openOwnScreen } from '../../view/terminal/screen.ts';
import type { Screen } from '../../view/terminal/terminal-screen.ts';
import { ScratchFile } from '../export/scratch-file.ts';

/** The options of `cmemstat replay`. */
export interface ReplayOptions {
  file: string;
  follow: boolean;
  /** The start position: a time, `peak`, `end`; if undefined, starts playing from the beginning. */
  at: string | undefined;
  speed: number;
}

/**
 * Opens the view and waits until the user or a signal closes it. Returns the exit status: 0, or 128 plus the
 * signal number.
 * @throws UsageError for a malformed moment; InputError if the file cannot be read or is not a recording;
 * UnsupportedError without a suitable terminal.
 */
export async function replay({ file, follow, at, speed }: ReplayOptions): Promise<number> {
  // Before reading the recording and opening the screen: a long recording takes time.
  if (at !== undefined) parseMoment(at, '--at');
  let view: ReplayView | undefined;
  let failure: unknown;
  let status = 0;
  // Otherwise signals would end cmemstat without restoring the terminal.
  const end = (signal: (typeof ENDING_SIGNALS)[number]) => {
    status = 128 + constants.signals[signal];
    view?.close();
  };
  const player = await open(file, {
    follow,
    onGrowth: () => view?.grown(),
    onError: (error) => {
      failure = error;
      view?.close();
    },
  });
  try {
    if (player.sampleCount === 0 && !follow) throw new InputError(file, `${file}: contains no samples`);
    const screen = await openTerminal(file);
    for (const signal of ENDING_SIGNALS) process.on(signal, end);
    try {
      view = new ReplayView(screen, player, { at, speed });
      await view.closed;
    } finally {
      screen.close();
      for (const signal of ENDING_SIGNALS) process.off(signal, end);
    }
    if (failure !== undefined) throw failure;
    return status;
  } finally {
    player.close();
  }
}

/** Opens a recording, or the first one inside an HTML report. @throws as {@link replay}. */
async function open(file: string, options: PlayerOptions): Promise<RecordingPlayer<ViewBuilder>> {
  if (!isHtmlFile(file)) return openPlayer(file, () => new ViewBuilder(), options);
  if (options.follow === true) {
    throw new UsageError('--follow', `--follow ${file}: a report does not grow`, `cmemstat replay ${file}`);
  }
  const unpacked = new ScratchFile();
  try {
    for (const text of unpackRecordings(file)) {
      unpacked.append(Buffer.from(text));
      break;
    }
    return await openPlayer(unpacked.path, () => new ViewBuilder(), options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const message = error.message.replaceAll(unpacked.path, file);
    throw new InputError(file, message, { hint: error.hint, cause: error });
  } finally {
    // The player reads on: it has a descriptor of its own.
    unpacked.close();
  }
}

async function openTerminal(file: string): Promise<Screen> {
  try {
    return await openOwnScreen();
  } catch (error) {
    if (!(error instanceof UnsupportedError) || error.hint !== undefined) throw error;
    throw new UnsupportedError('replay', error.message, {
      hint: `cmemstat report ${safeText(file)}, which needs no terminal`,
      cause: error,
    });
  }
}
