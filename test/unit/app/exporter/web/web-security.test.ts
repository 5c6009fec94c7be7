import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import bcrypt from 'bcryptjs';
import { afterEach, describe, expect, it } from 'vitest';
import { alternativeNames } from '#src/app/exporter/web/tls-server.ts';
import { WebSecurity } from '#src/app/exporter/web/web-security.ts';
import { fixture } from '../../../../paths.ts';

const pem = (name: string) => readFileSync(fixture(`tls/${name}.pem`), 'utf8');
const CA = pem('ca');
const clientOf = (name: string) => ({ cert: pem(name), key: pem(`${name}-key`) });

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Site {
  security: WebSecurity;
  port: number;
  folder: string;
  faults: Error[];
}

/** A folder with a web config file and the certificate that it names. */
function folderWith(config: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'web-config-'));
  for (const name of ['server', 'server-key', 'ca'])
    copyFileSync(fixture(`tls/${name}.pem`), join(folder, `${name}.pem`));
  writeFileSync(join(folder, 'web.yml'), config);
  return folder;
}

async function open(config: string): Promise<Site> {
  const folder = folderWith(config);
  const faults: Error[] = [];
  const security = new WebSecurity(join(folder, 'web.yml'), (fault) => faults.push(fault));
  const server: Server = security.createServer({}, createServer);
  server.on('request', async (request, response) => {
    const result = await security.check(request.headers.authorization, '');
    response.writeHead(result === 'accepted' ? 200 : 401, Object.fromEntries(security.headers)).end(result);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await security.close();
    rmSync(folder, { recursive: true });
  });
  return { security, port: (server.address() as AddressInfo).port, folder, faults };
}

interface Answer {
  status: number | undefined;
  text: string;
  serial: string;
  cipher: string;
  headers: Record<string, unknown>;
}

function request(port: number, options: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, ca: CA, agent: false, ...options }, (response) => {
      const socket = response.socket as TLSSocket;
      const { serialNumber } = socket.getPeerCertificate();
      const { name } = socket.getCipher();
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          text,
          serial: serialNumber,
          cipher: name,
          headers: response.headers,
        }),
      );
    }).on('error', reject);
  });
}

/** Times of which each is long after the one before, and after now. */
let laterMs = 1e12;
const later = () => {
  laterMs += 1e6;
  return laterMs;
};

const TLS = 'tls_server_config:\n  cert_file: server.pem\n  key_file: server-key.pem\n';
const VERIFY = `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n`;

describe('TLS', () => {
  it('serves the certificate, with the headers, and no version below the lowest', async () => {
    const { port } = await open(`${TLS}http_server_config: {headers: {X-Content-Type-Options: nosniff}}\n`);
    const answer = await request(port);
    expect(answer).toMatchObject({ status: 200, text: 'accepted' });
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    await expect(request(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
  });

  it('has the versions and cipher suites of the file alone', async () => {
    const { port } = await open(
      `${TLS}  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n`,
    );
    expect((await request(port)).cipher).toBe('ECDHE-ECDSA-AES256-GCM-SHA384');
    await expect(request(port, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).rejects.toThrow();
    await expect(request(port, { minVersion: 'TLSv1.3' })).rejects.toThrow();
  });

  it('accepts clients with a certificate of the authority alone', async () => {
    const { port } = await open(VERIFY);
    expect((await request(port, clientOf('client'))).status).toBe(200);
    await expect(request(port)).rejects.toThrow();
    await expect(request(port, clientOf('stranger'))).rejects.toThrow();
  });

  it.each([
    ['spiffe://example/prometheus', true],
    ['prometheus.example', true],
    ['other.example', false],
    ['example', false],
  ])('with client_allowed_sans %s: %s', async (name, isAccepted) => {
    const { port } = await open(`${VERIFY}  client_allowed_sans: ['${name}']\n`);
    if (isAccepted) expect((await request(port, clientOf('client'))).status).toBe(200);
    else await expect(request(port, clientOf('client'))).rejects.toThrow();
  });

  it.each([
    ['RequestClientCert', true, true],
    ['RequireAnyClientCert', false, true],
    ['VerifyClientCertIfGiven', true, false],
  ])('%s: without a certificate %s, with one of a stranger %s', async (type, without, stranger) => {
    const ca = type.startsWith('Verify') ? '  client_ca_file: ca.pem\n' : '';
    const { port } = await open(`${TLS}  client_auth_type: ${type}\n${ca}`);
    const isServed = (options: object) =>
      request(port, options).then(
        ({ status }) => status === 200,
        () => false,
      );
    expect(await isServed({})).toBe(without);
    expect(await isServed(clientOf('stranger'))).toBe(stranger);
    expect(await isServed(clientOf('client'))).toBe(true);
  });

  it('serves a new certificate after it was replaced, without a restart', async () => {
    const { port, folder, security, faults } = await open(TLS);
    const before = await request(port);
    copyFileSync(fixture('tls/renewed.pem'), join(folder, 'new.pem'));
    renameSync(join(folder, 'new.pem'), join(folder, 'server.pem'));
    // The key does not fit yet: the former certificate stays.
    security.refresh(later());
    expect(faults.map(({ message }) => message)).toEqual([expect.stringContaining('cannot be used')]);
    expect((await request(port)).serial).toBe(before.serial);
    copyFileSync(fixture('tls/renewed-key.pem'), join(folder, 'server-key.pem'));
    security.refresh(later());
    expect(faults).toHaveLength(1);
    expect((await request(port)).serial).not.toBe(before.serial);
  });

  it('reports what takes effect after a restart, once, and keeps what it had', async () => {
    const { port, folder, security, faults } = await open(TLS);
    writeFileSync(join(folder, 'web.yml'), VERIFY);
    security.refresh(later());
    security.refresh(later());
    expect(faults.map(({ message }) => message)).toEqual([expect.stringContaining('after a restart')]);
    expect((await request(port)).status).toBe(200);
  });

  it.each([
    ['tls_server_config: {cert_file: none.pem, key_file: server-key.pem}', 'none.pem: no such file'],
    ['tls_server_config: {cert_file: ., key_file: server-key.pem}', 'not a regular file'],
    ['tls_server_config: {cert_file: ca.pem, key_file: server-key.pem}', 'tls_server_config cannot be used'],
    ['tls_server_config: {cert_file: web.yml, key_file: server-key.pem}', 'tls_server_config cannot be used'],
    ['tls_server_config: [', 'web.yml: '],
  ])('%s is refused with the file', (config, message) => {
    const folder = folderWith(config);
    expect(() => new WebSecurity(join(folder, 'web.yml'), () => {})).toThrow(message);
    rmSync(folder, { recursive: true });
  });

  it('finds the alternative names of a certificate, and none in a quoted one', () => {
    expect(alternativeNames('DNS:a.example, IP Address:192.0.2.1, URI:spiffe://a/b, email:a@b')).toEqual([
      'a.example',
      '192.0.2.1',
      'spiffe://a/b',
      'a@b',
    ]);
    expect(alternativeNames('DNS:"a, DNS:b.example"')).toEqual([]);
    expect(alternativeNames(undefined)).toEqual([]);
  });
});

describe('users', () => {
  it('are those of the file as it is now', async () => {
    const line = (name: string) => `  ${name}: ${bcrypt.hashSync('right', 4)}\n`;
    const { port, folder, security } = await open(`${TLS}basic_auth_users:\n${line('alice')}`);
    const status = async (auth?: string) => (await request(port, auth === undefined ? {} : { auth })).status;
    expect(await status()).toBe(401);
    expect(await status('alice:wrong')).toBe(401);
    expect(await status('alice:right')).toBe(200);
    writeFileSync(join(folder, 'web.yml'), `${TLS}basic_auth_users:\n${line('bob')}`);
    security.refresh(later());
    expect(await status('alice:right')).toBe(401);
    expect(await status('bob:right')).toBe(200);
  });
});
