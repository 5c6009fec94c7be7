import { describe, expect, it } from 'vitest';
import { EXPOSED } from '#src/export/exporter-names.ts';
import { FigureSet, renderExposition } from '#src/export/exposition.ts';
import { formatLabels } from '#src/export/metric-labels.ts';

const families = Object.values(EXPOSED);

function figures(): FigureSet {
  const set = new FigureSet();
  set.add(EXPOSED.errors, 'source="bpf"', 2);
  set.add(EXPOSED.memory, 'unit="a.service",kind="current"', 4096);
  set.add(EXPOSED.memoryLimit, 'unit="a.service",kind="max"', Number.POSITIVE_INFINITY);
  set.add(EXPOSED.hostRemoved, '', 3);
  set.add(EXPOSED.memoryStall, 'kind="some"', 0.5);
  return set;
}

describe('a document of current figures', () => {
  it('is OpenMetrics: units, names of counters without their end, and an end', () => {
    expect(renderExposition(figures(), families, 'openmetrics', ['not allowed here'])).toBe(
      [
        '# TYPE cmemstat_host_removed_cgroups gauge',
        '# HELP cmemstat_host_removed_cgroups Removed cgroups that the kernel keeps, as memory is charged to them.',
        'cmemstat_host_removed_cgroups 3',
        '# TYPE cmemstat_memory_bytes gauge',
        '# UNIT cmemstat_memory_bytes bytes',
        '# HELP cmemstat_memory_bytes Memory of the cgroup by kind, as the kernel counts it.',
        'cmemstat_memory_bytes{unit="a.service",kind="current"} 4096',
        '# TYPE cmemstat_memory_limit_bytes gauge',
        '# UNIT cmemstat_memory_limit_bytes bytes',
        '# HELP cmemstat_memory_limit_bytes Limit of the cgroup; +Inf for none.',
        'cmemstat_memory_limit_bytes{unit="a.service",kind="max"} +Inf',
        '# TYPE cmemstat_memory_stall_seconds counter',
        '# UNIT cmemstat_memory_stall_seconds seconds',
        '# HELP cmemstat_memory_stall_seconds Time that some or all tasks waited for memory.',
        'cmemstat_memory_stall_seconds_total{kind="some"} 0.5',
        '# TYPE cmemstat_exporter_errors counter',
        '# HELP cmemstat_exporter_errors Readings that failed, by what was read.',
        'cmemstat_exporter_errors_total{source="bpf"} 2',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  it('is the older text format: whole names of counters, comments, no units and no end', () => {
    const text = renderExposition(figures(), families, 'text', ['no slab: of\nv1']);
    expect(text.split('\n')[0]).toBe('# no slab: of v1');
    expect(text).toContain('# TYPE cmemstat_exporter_errors_total counter\n');
    expect(text).toContain('\ncmemstat_exporter_errors_total{source="bpf"} 2\n');
    expect(text).not.toMatch(/# (UNIT|EOF)/);
  });

  it('leaves out what is not known, and refuses what is beyond the limit', () => {
    const set = new FigureSet();
    set.add(EXPOSED.memory, 'kind="kernel"', undefined);
    set.add(EXPOSED.memory, 'kind="sock"', Number.NaN);
    expect(set.size).toBe(0);
    set.max = 1;
    set.add(EXPOSED.memory, 'kind="anon"', 0);
    set.add(EXPOSED.memory, 'kind="file"', 1);
    expect([set.size, set.refused]).toEqual([1, 1]);
    expect(renderExposition(set, families, 'text')).toContain('{kind="anon"} 0\n');
  });

  it('cannot be forged by names', () => {
    const name = 'a"} 1\n# EOF\nx{b="\\\u001b[2J\u2028';
    const labels = formatLabels({ unit: name });
    expect(labels).not.toContain('\n');
    expect(labels).toBe('unit="a\\"} 1\\\\x0a# EOF\\\\x0ax{b=\\"\\\\\\\\x1b[2J\\\\u2028"');
    const set = new FigureSet();
    set.add(EXPOSED.memory, labels, 1);
    expect(renderExposition(set, families, 'text').trimEnd().split('\n')).toHaveLength(3);
  });

  it('has each name once, and names that say their unit and type', () => {
    const names = families.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, family } of families) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(name).not.toMatch(/_total$/);
      if (family.unit !== undefined) expect(name.endsWith(`_${family.unit}`), name).toBe(true);
    }
  });
});
