/** The server of the exporter as a web config file wants it. */
import { type Answer, type ListenOptions, textAnswer } from '../http/exporter-server.ts';
import type { AuthResult } from './basic-auth.ts';
import { WebSecurity } from './web-security.ts';

/** What the server does because of the file. */
export interface OpenWeb {
  readonly listenOptions: Pick<ListenOptions, 'create' | 'scheme' | 'refuse'>;
  close(): Promise<void>;
}

/** Reveals only whether the exporter works, and probes of Kubernetes have no password. */
const OPEN_PATH = '/healthz';

/**
 * Reads the file; `report` receives why a later version of it cannot be used.
 * @throws InputError, PermissionError.
 */
export async function openWeb(file: string, report: (message: string) => void): Promise<OpenWeb> {
  const security = new WebSecurity(file, ({ message }) => report(message));
  return {
    listenOptions: {
      scheme: security.hasTls ? 'https' : 'http',
      create: (limits, createPlain) => {
        const server = security.createServer(limits, createPlain);
        server.prependListener('request', (_, response) => {
          for (const [name, value] of security.headers) response.setHeader(name, value);
        });
        return server;
      },
      refuse: async ({ path, headers, address }) =>
        path === OPEN_PATH ? undefined : REFUSALS[await security.check(headers.authorization, address)],
    },
    close: () => security.close(),
  };
}

const REFUSALS: Readonly<Record<AuthResult, Answer | undefined>> = {
  accepted: undefined,
  denied: textAnswer(401, 'unauthorized\n', { 'www-authenticate': 'Basic realm="cmemstat"' }),
  busy: textAnswer(503, 'too many passwords are being compared\n', { 'retry-after': '1' }),
};
