import { describe, expect, it } from 'vitest';
import { acceptsGzip, chooseFormat } from '#src/app/exporter/http/negotiate.ts';

const OPEN = 'openmetrics';
const TEXT = 'text';

describe('the format of an answer', () => {
  const of = (accept?: string) => chooseFormat(accept).format;

  it.each([
    [undefined, TEXT],
    ['', TEXT],
    ['*/*', TEXT],
    ['text/plain', TEXT],
    ['text/html,application/xhtml+xml,*/*;q=0.8', TEXT],
    ['application/openmetrics-text', OPEN],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', OPEN],
    ['application/openmetrics-text;version="1.0.0"', OPEN],
    ['application/openmetrics-text;version=2.0.0', TEXT],
    ['application/openmetrics-text;q=0', TEXT],
    ['text/plain;q=0.5,application/openmetrics-text;q=0.4', TEXT],
    ['text/plain;q=0.5, application/openmetrics-text;q=0.5', OPEN],
    ['application/json', TEXT],
    ['application/openmetrics-text;q=2', TEXT],
    [';;;,,,=q', TEXT],
    // Prometheus 2.42 and 3.x.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      OPEN,
    ],
    [
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      OPEN,
    ],
  ])('for Accept: %s is %s', (accept, format) => {
    expect(of(accept)).toBe(format);
  });

  it('has a content type with the version', () => {
    expect(chooseFormat('application/openmetrics-text').contentType).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    expect(chooseFormat(undefined).contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('is found in no time in a header of any length', () => {
    expect(of(`${','.repeat(1_000_000)}application/openmetrics-text`)).toBe(TEXT);
  });
});

describe('gzip', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['deflate, gzip;q=1.0, *;q=0.5', true],
    ['GZIP', true],
    ['*', true],
    ['gzip;q=0', false],
    ['gzip;q=0, *', false],
    ['identity, gzip;q=0.5', false],
    ['br', false],
  ])('for Accept-Encoding: %s is %s', (header, expected) => {
    expect(acceptsGzip(header)).toBe(expected);
  });
});
