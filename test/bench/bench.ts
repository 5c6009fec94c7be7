/**
 * `npm run bench`: the costs of cmemstat, as medians of several alternating runs and ratios between commands.
 */
import { measurePackages } from '../packages/measure-packages.ts';
import { measureBpf } from './bpf.ts';
import { measureBudgets } from './budgets.ts';
import { measureCpu } from './cpu.ts';
import { measureExplain } from './explain.ts';
import { measureExporter } from './exporter.ts';
import { measureHtml } from './html.ts';
import { measureMaps } from './maps.ts';
import { measurePipelineMemory } from './memory.ts';
import { measureStartUp } from './start-up.ts';
import { type Finding, isMet, printFindings } from './tools/report.ts';
import { measureTop } from './top.ts';
import { measureView } from './view.ts';

/** One benchmark of this suite; a name on the command line selects it. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Finding[]>>> = {
  'start-up': measureStartUp,
  maps: measureMaps,
  cpu: measureCpu,
  memory: measurePipelineMemory,
  bpf: measureBpf,
  view: measureView,
  budgets: measureBudgets,
  explain: measureExplain,
  package: measurePackages,
  html: measureHtml,
  top: measureTop,
  exporter: measureExporter,
};

const wanted = process.argv.slice(2);
const findings: Finding[] = [];
for (const [name, measure] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`bench: ${name} ...\n`);
  findings.push(...(await measure()));
}
printFindings(findings);
process.exitCode = findings.every(isMet) ? 0 : 1;
