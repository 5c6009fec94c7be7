import { describe, expect, it } from 'vitest';
import { parseYaml } from '#src/app/exporter/web/parse-yaml.ts';
import { parseWebConfig } from '#src/app/exporter/web/web-config.ts';

/** `htpasswd -nbBC 10 alice password`; the same in the documentation of Prometheus. */
const HASH = '$2y$10$AAAAAAAAAAAAAAAAAAAAAOAyphSFhZTyRGYbNW2fRqjjYzY1aKXzC';

const parse = (text: string) => parseWebConfig(parseYaml(text));
const tls = (more: string) => parse(`tls_server_config:\n  cert_file: c\n  key_file: k\n  ${more}`).tls;

describe('a web config file', () => {
  it('may be empty, or have empty parts', () => {
    const empty = { headers: new Map(), users: new Map() };
    for (const text of ['', '# nothing\n', 'tls_server_config:\nbasic_auth_users:\n', '{}']) {
      expect(parse(text)).toEqual(empty);
    }
  });

  it('is read as exporter-toolkit documents it', () => {
    const text = `
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example]
  min_version: TLS13
  cipher_suites:
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: false
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
basic_auth_users:
  alice: ${HASH}
`;
    expect(parse(text)).toEqual({
      tls: {
        cert: { file: 'server.crt' },
        key: { file: 'server.key' },
        clientAuth: 'RequireAndVerifyClientCert',
        clientCa: { file: 'ca.crt' },
        allowedSans: ['prometheus.example'],
        minVersion: 'TLSv1.3',
        maxVersion: 'TLSv1.3',
        ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'],
        prefersServerCiphers: false,
        curves: ['X25519', 'P-256'],
      },
      headers: new Map([
        ['Strict-Transport-Security', 'max-age=31536000'],
        ['X-Frame-Options', 'deny'],
      ]),
      users: new Map([['alice', HASH]]),
    });
  });

  it('has the defaults of exporter-toolkit', () => {
    expect(tls('')).toMatchObject({
      clientAuth: 'NoClientCert',
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      prefersServerCiphers: true,
    });
    expect(tls('client_auth_type: RequireClientCert')).toMatchObject({ clientAuth: 'RequireAnyClientCert' });
  });

  it.each([
    ['tls_server_conf: {}', 'tls_server_conf: unknown key, did you mean tls_server_config?'],
    ['zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz: 1', 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz: unknown key'],
    ['[]', 'not a mapping of keys to values'],
    ['tls_server_config: 1', 'tls_server_config: not a mapping'],
    ['tls_server_config: {key_file: k}', 'tls_server_config: cert_file is missing'],
    ['tls_server_config: {cert_file: c}', 'tls_server_config: key_file is missing'],
    ['tls_server_config: {cert_file: c, cert: c, key: k}', 'cert and cert_file exclude each other'],
    ['tls_server_config: {certfile: c}', 'tls_server_config.certfile: unknown key, did you mean cert_file?'],
    ['http_server_config: {http2: true}', 'http_server_config.http2: HTTP/2 is not supported'],
    ['http_server_config: {headers: {Server: x}}', 'http_server_config.headers.Server: unknown key'],
    ['http_server_config: {headers: {X-Frame-Options: maybe}}', 'not a value that this header allows'],
    [
      'http_server_config: {headers: {Content-Security-Policy: "a\\r\\nb: c"}}',
      'not a value that this header',
    ],
    ['http_server_config: {headers: {Strict-Transport-Security: a}}', 'requires tls_server_config'],
    ['basic_auth_users: {alice: secret}', 'basic_auth_users.alice: not a bcrypt hash'],
    ['basic_auth_users: {"a:b": x}', 'basic_auth_users.a:b: not a name of a user'],
    [`basic_auth_users: {alice: ${HASH.replace('10', '31')}}`, 'the cost of the hash has to be 4 to 16'],
    ['basic_auth_users: {a: 1, a: 2}', 'duplicated mapping key'],
  ])('is refused for %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it.each([
    ['min_version: TLS9', "min_version: 'TLS9' is not one of TLS13, TLS12, TLS11 or TLS10"],
    ['min_version: __proto__', "'__proto__' is not one of"],
    ['min_version: 1.2', 'tls_server_config.min_version: not a text'],
    ['max_version: TLS11', 'min_version is above max_version'],
    ['cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]', "'TLS_RSA_WITH_RC4_128_SHA' is not one of"],
    ['cipher_suites: TLS_AES_128_GCM_SHA256', 'not a list of texts'],
    ['prefer_server_cipher_suites: 1', 'expected true or false'],
    ['client_auth_type: Maybe', "'Maybe' is not one of NoClientCert, RequestClientCert"],
    ['client_auth_type: RequireAndVerifyClientCert', 'requires client_ca_file'],
    ['client_ca_file: ca', 'client_ca_file requires a client_auth_type'],
    ['client_allowed_sans: [a]', 'requires a client_auth_type that verifies'],
  ])('is refused for %s in tls_server_config', (line, message) => {
    expect(() => tls(line)).toThrow(message);
  });

  it('never repeats what may be a password', () => {
    expect(() => parse('basic_auth_users: {alice: secret}')).toThrow(/^(?!.*secret)/s);
  });
});
