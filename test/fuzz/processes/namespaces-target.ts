/** Two runs at once that share the hierarchy of cgroups, in different namespaces. */
import { setTimeout as wait } from 'node:timers/promises';
import type { RecordLine } from '#src/model/recording.ts';
import { parseRecordLine } from '#src/recording/parse-line.ts';
import { checkEnd, checkLeft, endOf } from './check-run.ts';
import type { ProcessTarget } from './process-target.ts';
import { describeEnd } from './signals-target.ts';
import { awaitEnd, type EndedRun, startRun } from './start-run.ts';

const NAMESPACES: readonly (readonly [name: string, ...prefix: string[]])[] = [
  ['host'],
  ['pid', 'unshare', '--pid', '--fork', '--mount-proc', '--kill-child'],
  ['time', 'unshare', '--time', '--boottime', '100000', '--fork', '--kill-child'],
  ['pid+time', 'unshare', '--pid', '--time', '--boottime', '5000', '--fork', '--mount-proc', '--kill-child'],
];

export const NAMESPACES_TARGET: ProcessTarget = {
  name: 'namespaces',
  about: 'pairs of runs at once in different pid and time namespaces',
  async runOnce(host, random) {
    const [[first, ...firstPrefix], [second, ...secondPrefix]] = [
      random.pick(NAMESPACES.slice(1)),
      random.pick(NAMESPACES),
    ];
    const target = ['sh', '-c', `sleep ${(0.1 + random.fraction() / 2).toFixed(2)}`];
    const one = await startRun(host, { mode: 'json', target, prefix: firstPrefix });
    // Half of the pairs start in the same instant: their processes have the same ids and start times.
    if (random.chance(0.5)) await wait(random.fraction() * 300);
    const two = await startRun(host, { mode: 'json', target, prefix: secondPrefix });
    const ends = [await awaitEnd(one), await awaitEnd(two)];
    const faults = ends.flatMap((end) =>
      end === undefined ? ['no end'] : [...checkEnd(end), ...checkRun(end)],
    );
    faults.push(...(await checkLeft(host, one)), ...(await checkLeft(host, two)));
    return { kind: `${first}, ${second}`, faults: faults.map((fault) => `${first} and ${second}: ${fault}`) };
  },
};

/** The run has its own cgroup to its end. */
function checkRun(end: EndedRun): string[] {
  const lines = end.output.split('\n').filter((line) => line.startsWith('{'));
  const records = lines.flatMap((line): RecordLine[] => {
    const parsed = parseRecordLine(line);
    return 'record' in parsed ? [parsed.record] : [];
  });
  const summary = records.find((record) => record.type === 'summary');
  if (end.status !== 0 || summary === undefined) return [`${describeEnd(end)}: ${endOf(end.output)}`];
  const events = records.flatMap((record) => (record.type === 'event' ? [record.event] : []));
  const isLost = summary.cgroupRemovedMs !== undefined || events.includes('cgroup_removed');
  return [
    ...(isLost ? ['its cgroup was removed while it ran'] : []),
    ...(summary.elsewhere === undefined
      ? []
      : [`its processes are elsewhere: ${JSON.stringify(summary.elsewhere)}`]),
  ];
}
