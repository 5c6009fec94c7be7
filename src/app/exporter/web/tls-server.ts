/** An HTTPS server with the options of a web config file. */
import { createServer, type Server, type ServerOptions } from 'node:https';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { TlsMaterial } from './web-files.ts';

/** Time for the handshake. Unit: milliseconds. */
const HANDSHAKE_MS = 10_000;

/** What Node.js calls the options. */
export function secureOptions(tls: TlsMaterial): SecureContextOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ...(tls.ciphers === undefined ? {} : { ciphers: withNewerSuites(tls.ciphers) }),
    honorCipherOrder: tls.prefersServerCiphers,
    ...(tls.curves === undefined ? {} : { ecdhCurve: tls.curves.join(':') }),
  };
}

const NEWER_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** As in Go, a list of suites does not restrict TLS 1.3. */
function withNewerSuites(ciphers: readonly string[]): string {
  return [...new Set([...NEWER_SUITES, ...ciphers])].join(':');
}

/**
 * Creates the server. Connections of clients without an acceptable certificate are closed before a request is
 * read.
 * @throws Error if certificate and key are malformed or do not belong together.
 */
export function createTlsServer(tls: TlsMaterial, options: ServerOptions): Server {
  const server = createServer({
    ...options,
    ...secureOptions(tls),
    requestCert: tls.clientAuth !== 'NoClientCert',
    rejectUnauthorized: tls.clientAuth === 'RequireAndVerifyClientCert',
    handshakeTimeout: HANDSHAKE_MS,
    ALPNProtocols: ['http/1.1'],
  });
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    if (!isAcceptable(socket, tls)) socket.destroy();
  });
  return server;
}

/** @throws as `createTlsServer`, without a server. */
export function checkMaterial(tls: TlsMaterial): void {
  createSecureContext(secureOptions(tls));
}

function isAcceptable(
  socket: Pick<TLSSocket, 'authorized' | 'getPeerX509Certificate'>,
  { clientAuth, allowedSans }: Pick<TlsMaterial, 'clientAuth' | 'allowedSans'>,
): boolean {
  if (clientAuth === 'NoClientCert' || clientAuth === 'RequestClientCert') return true;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return clientAuth === 'VerifyClientCertIfGiven';
  if (clientAuth === 'RequireAnyClientCert') return true;
  if (!socket.authorized) return false;
  if (allowedSans.length === 0) return true;
  const names = alternativeNames(certificate.subjectAltName);
  return allowedSans.some((name) => names.includes(name));
}

/** Names as OpenSSL lists them: `DNS:a.example, IP Address:192.0.2.1, URI:spiffe://a`. */
export function alternativeNames(list: string | undefined): string[] {
  // Node.js quotes names with commas or quotes, which no list in a web config file has.
  return [...(list ?? '').matchAll(/(?:^|, )(?:DNS|IP Address|URI|email):([^",]+)(?=, |$)/g)].map(
    ([, name = '']) => name,
  );
}
