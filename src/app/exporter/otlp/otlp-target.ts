/** Where figures are pushed to: `--otlp`, `--otlp-header` and OpenTelemetry's environment variables. */
import { UsageError } from '../../../errors.ts';

/** A receiver of OTLP/HTTP. */
export interface OtlpTarget {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

const URL_OPTION = '--otlp';
const HEADER_OPTION = '--otlp-header';

/** Where receivers take metrics, if the URL has no path. Source: the OTLP specification. */
const METRICS_PATH = '/v1/metrics';

/** Headers that are ours to set. */
const OWN_HEADERS = /^(?:content-(?:type|length|encoding)|transfer-encoding|connection|host|user-agent)$/;

/**
 * The receiver that options and environment name. Headers come from OTEL_EXPORTER_OTLP_HEADERS too, because
 * other users of the host can read a command line.
 * @throws UsageError for a URL that is not http(s) or contains a password, and for malformed headers.
 */
export function parseOtlpTarget(
  text: string,
  headers: readonly string[],
  environment: NodeJS.ProcessEnv,
): OtlpTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      URL_OPTION,
      `${URL_OPTION}: expected a URL with http: or https:`,
      `${URL_OPTION} http://127.0.0.1:4318`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      URL_OPTION,
      `${URL_OPTION}: a URL with a password would be visible to other users`,
      "OTEL_EXPORTER_OTLP_HEADERS='authorization=Basic%20...'",
    );
  }
  if (url.pathname === '/') url.pathname = METRICS_PATH;
  url.hash = '';
  const all: Record<string, string> = {};
  for (const [name, value] of pairsOf(environment.OTEL_EXPORTER_OTLP_HEADERS)) setHeader(all, name, value);
  for (const header of headers) {
    const [, name, value] = /^([^:=]+)[:=]\s*(.*)$/s.exec(header) ?? [];
    // Not the value, which may be a secret.
    if (name === undefined || value === undefined) {
      throw new UsageError(HEADER_OPTION, `${HEADER_OPTION}: expected NAME:VALUE`);
    }
    setHeader(all, name.trim(), value);
  }
  return { url, headers: all };
}

function setHeader(headers: Record<string, string>, name: string, value: string): void {
  const lower = name.toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) || /[^\t\x20-\x7e]/.test(value)) {
    throw new UsageError(HEADER_OPTION, `${HEADER_OPTION}: '${name}' has characters that no header may have`);
  }
  if (OWN_HEADERS.test(lower))
    throw new UsageError(HEADER_OPTION, `${HEADER_OPTION}: ${lower} cannot be set`);
  headers[lower] = value;
}

/**
 * Pairs of OpenTelemetry's variables, `a=1,b=%20`; what is malformed is left out.
 * Source: "Environment Variable Specification" and W3C Baggage.
 */
export function pairsOf(text = ''): [name: string, value: string][] {
  return text.split(',').flatMap((pair): [string, string][] => {
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined) return [];
    try {
      return [[decodeURIComponent(name), decodeURIComponent(value)]];
    } catch {
      return [];
    }
  });
}
