/** What every kind of record has to hold: generated from `schema/recording.schema.json`. */
import type { RecordLine } from '../model/recording.ts';
import type { FindFault } from './validation/fault.ts';
import {
  findFaultInEvent,
  findFaultInExplain,
  findFaultInMaps,
  findFaultInProcesses,
  findFaultInSample,
  findFaultInStart,
  findFaultInSummary,
} from './validation/record-validators.ts';

/** By the type of the record. */
export const FIND_FAULT: Readonly<Record<RecordLine['type'], FindFault>> = {
  start: findFaultInStart,
  sample: findFaultInSample,
  event: findFaultInEvent,
  maps: findFaultInMaps,
  processes: findFaultInProcesses,
  explain: findFaultInExplain,
  summary: findFaultInSummary,
};
