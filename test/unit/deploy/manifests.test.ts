/** deploy/: manifests by the schemas of Kubernetes, names of metrics, and the rights that they give. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { EXPOSED } from '#src/export/exporter-names.ts';
import { NODE_PATH } from '../../bundle.ts';
import { PROJECT } from '../../paths.ts';
import { required } from '../../required.ts';

const DEPLOY = join(PROJECT, 'deploy');
const textOf = (file: string) => readFileSync(join(DEPLOY, file), 'utf8');

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** The package of the types and validators of each kind. */
const MODULES: Readonly<Record<string, string>> = {
  Namespace: 'kubernetes-models/v1',
  ServiceAccount: 'kubernetes-models/v1',
  DaemonSet: 'kubernetes-models/apps/v1',
  NetworkPolicy: 'kubernetes-models/networking.k8s.io/v1',
  PodMonitor: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
};

const manifests = readdirSync(join(DEPLOY, 'kubernetes'))
  .filter((file) => file !== 'kustomization.yaml')
  .flatMap((file) => loadAll(textOf(`kubernetes/${file}`)) as Manifest[]);

async function validate(manifest: Manifest): Promise<void> {
  const models = (await import(required(MODULES[manifest.kind], manifest.kind))) as Record<
    string,
    new (
      manifest: Manifest,
    ) => { validate(): void }
  >;
  const Model = required(models[manifest.kind], manifest.kind);
  new Model(manifest).validate();
}

/** What tsc says of the manifests as values of the types of Kubernetes: it also finds unknown fields. */
function typeFaults(all: readonly Manifest[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
  symlinkSync(NODE_PATH, join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const lines = all.map((manifest, at) => {
    const type = `import('${MODULES[manifest.kind]}').I${manifest.kind}`;
    return `export const manifest${at}: ${type} = ${JSON.stringify(manifest, null, 1)};`;
  });
  writeFileSync(join(folder, 'manifests.ts'), lines.join('\n'));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
  try {
    execFileSync(join(NODE_PATH, '.bin/tsc'), [...options, 'manifests.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return '';
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

describe('the manifests', () => {
  it.each(manifests)('$kind $metadata.name is valid by the schema of its kind', async (manifest) => {
    await validate(manifest);
    if (manifest.kind !== 'Namespace') expect(manifest.metadata.namespace).toBe('cmemstat');
  });

  it('have no field that their kinds do not have', () => {
    expect(manifests).toHaveLength(5);
    expect(typeFaults(manifests)).toBe('');
  });

  it('would not be valid with a wrong value or an unknown field', async () => {
    const daemonSet = required(manifests.find(({ kind }) => kind === 'DaemonSet')) as unknown as DaemonSet;
    const [container] = daemonSet.spec.template.spec.containers;
    const wrong = structuredClone(daemonSet);
    wrong.spec.template.spec.containers = [{ ...required(container), ports: [{ containerPort: 'x' }] }];
    await expect(validate(wrong as unknown as Manifest)).rejects.toThrow('containerPort must be integer');
    const unknown = structuredClone(daemonSet);
    Object.assign(unknown.spec.template.spec, { hostPid: true });
    expect(typeFaults([unknown as unknown as Manifest])).toContain('hostPid');
  });

  it('lists every manifest but the one of the operator in kustomization.yaml', () => {
    const [kustomization] = loadAll(textOf('kubernetes/kustomization.yaml')) as [{ resources: string[] }];
    const files = readdirSync(join(DEPLOY, 'kubernetes'));
    const without = files.filter((file) => file !== 'kustomization.yaml' && file !== 'podmonitor.yaml');
    expect(kustomization.resources.toSorted()).toEqual(without.toSorted());
  });
});

interface DaemonSet {
  spec: {
    template: {
      spec: {
        containers: {
          ports: { containerPort: unknown }[];
          securityContext?: {
            capabilities?: { add?: string[]; drop?: string[] };
            readOnlyRootFilesystem?: boolean;
          };
        }[];
      };
    };
  };
}

describe('the rights of the exporter', () => {
  it('are the same two capabilities in Kubernetes, systemd and podman', () => {
    const daemonSet = required(manifests.find(({ kind }) => kind === 'DaemonSet')) as unknown as DaemonSet;
    const context = required(daemonSet.spec.template.spec.containers[0]?.securityContext);
    expect(context.capabilities).toEqual({ drop: ['ALL'], add: ['BPF', 'PERFMON'] });
    expect(context.readOnlyRootFilesystem).toBe(true);
    const unit = textOf('systemd/cmemstat-exporter.service');
    expect(unit.match(/^(?:Ambient|CapabilityBounding)\S+=.*$/gm)).toEqual([
      'AmbientCapabilities=CAP_BPF CAP_PERFMON',
      'CapabilityBoundingSet=CAP_BPF CAP_PERFMON',
    ]);
    expect(textOf('container/Containerfile')).toContain('--cap-drop=all --cap-add=bpf,perfmon');
  });
});

/** The names of series, as in the text format. */
const SERIES = new Set(
  Object.values(EXPOSED).map(({ family, name }) => (family.type === 'counter' ? `${name}_total` : name)),
);

const namesIn = (text: string) => [
  ...new Set(text.match(/(?<![\w.:-])(?:cmemstat|container|process)_[a-z_]+[a-z]\b(?![\w:-]*\.)/g) ?? []),
];

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
}

interface Panel {
  id: number;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { expr: string }[];
}

const rules = (
  loadAll(textOf('prometheus/rules.yml')) as [{ groups: { rules: Rule[] }[] }]
)[0].groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(textOf('grafana/cmemstat.json')) as { panels: Panel[] };
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

describe('rules and dashboard', () => {
  it.each([
    ['rules', rules.map(({ expr }) => expr).join('\n')],
    ['tests of rules', textOf('prometheus/rules.test.yml')],
    ['dashboard', queries.join('\n')],
    ['docs', readFileSync(join(PROJECT, 'docs/fleet.md'), 'utf8')],
  ])('%s use only series that the exporter has', (_, text) => {
    const names = namesIn(text);
    expect(names.length).toBeGreaterThan(2);
    expect(names.filter((name) => !SERIES.has(name))).toEqual([]);
  });

  it('would find a series that does not exist', () => {
    expect(namesIn('sum(cmemstat_nothing_bytes)').filter((name) => !SERIES.has(name))).toEqual([
      'cmemstat_nothing_bytes',
    ]);
  });

  it('each rule has a test', () => {
    const tests = textOf('prometheus/rules.test.yml');
    expect(rules.length).toBeGreaterThan(10);
    for (const { record, alert } of rules) expect(tests).toContain(required(record ?? alert));
    // An alert that fires, with its text.
    for (const { alert } of rules.filter((rule) => rule.alert !== undefined)) {
      expect(tests).toMatch(new RegExp(`alertname: ${alert}\\n +eval_time: \\w+\\n +exp_alerts:\\n`));
    }
  });

  it('panels have ids of their own and do not overlap', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});
