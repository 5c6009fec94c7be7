/** Serves a page until a signal. */
import { MAX_TIMER_MS } from '../../format/longest-timer.ts';
import { LineWriter } from '../../output/line-writer.ts';
import { stopSignal } from '../stop-signal.ts';
import { closeServer, createBoundedServer, listen } from './bounded-server.ts';
import { type ListenAddress, SERVE, urlHost } from './listen-address.ts';
import { makeToken, type PageSource, pageListener } from './page-server.ts';

/**
 * Prints the URL on standard error and serves the page until SIGINT, SIGTERM or SIGHUP.
 * @throws ToolError if the address is not free.
 */
export async function servePage(address: ListenAddress, source: PageSource): Promise<void> {
  const token = makeToken();
  const stop = stopSignal();
  const server = createBoundedServer(pageListener(source, token));
  const shown = await listen(server, address, SERVE);
  try {
    new LineWriter(2, 'standard error', () => {}).write(
      `cmemstat: http://${urlHost(shown)}/${token}/ (Ctrl-C ends the server)`,
    );
    while (await stop.after(MAX_TIMER_MS));
  } finally {
    await closeServer(server);
  }
}
