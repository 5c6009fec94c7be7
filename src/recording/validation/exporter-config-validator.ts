// Generated from schema/exporter.schema.json by `npm run build`: change the schema.
import { type Fault, type FindFault, findInList, findUnknownKey, isInteger, isObject, within, wrong, wrongAt } from './fault.ts';
import { findInText } from './shared-shapes.ts';

function findInExporterConfig(value: unknown): Fault | undefined {
  if (!isObject(value)) return wrong('an object');
  let fault: Fault | undefined;
  if ((fault = findUnknownKey(value, ['$schema', 'version', 'listen', 'cgroups', 'maxSeries', 'cadvisorNames', 'explain', 'webConfig', 'otlp', 'otlpInterval', 'otlpHeaders'])) !== undefined) return fault;
  const { $schema: __schema, version: _version, listen: _listen, cgroups: _cgroups, maxSeries: _maxSeries, cadvisorNames: _cadvisorNames, explain: _explain, webConfig: _webConfig, otlp: _otlp, otlpInterval: _otlpInterval, otlpHeaders: _otlpHeaders } = value;
  if (_version !== 1) return wrongAt('version', '1');
  if (__schema !== undefined && (fault = findInText(__schema)) !== undefined) return within('$schema', fault);
  if (_listen !== undefined && (fault = findInText(_listen)) !== undefined) return within('listen', fault);
  if (_cgroups !== undefined && (fault = findInList(_cgroups, findInText)) !== undefined) return within('cgroups', fault);
  if (_maxSeries !== undefined && !isInteger(_maxSeries, 60, 999999999)) return wrongAt('maxSeries', 'a whole number from 60 to 999999999');
  if (_cadvisorNames !== undefined && typeof _cadvisorNames !== 'boolean') return wrongAt('cadvisorNames', 'true or false');
  if (_explain !== undefined && (fault = findInText(_explain)) !== undefined) return within('explain', fault);
  if (_webConfig !== undefined && (fault = findInText(_webConfig)) !== undefined) return within('webConfig', fault);
  if (_otlp !== undefined && (fault = findInText(_otlp)) !== undefined) return within('otlp', fault);
  if (_otlpInterval !== undefined && (fault = findInText(_otlpInterval)) !== undefined) return within('otlpInterval', fault);
  if (_otlpHeaders !== undefined && (fault = findInList(_otlpHeaders, findInText)) !== undefined) return within('otlpHeaders', fault);
  return undefined;
}

/** Finds the first part of it that is not as the schema has it. */
export const findFaultInExporterConfig: FindFault = findInExporterConfig;

/** The document of exporter.schema.json. */
export type ExporterConfigJson = { $schema?: string; version: 1; listen?: string; cgroups?: (string)[]; maxSeries?: number; cadvisorNames?: boolean; explain?: string; webConfig?: string; otlp?: string; otlpInterval?: string; otlpHeaders?: (string)[] };
