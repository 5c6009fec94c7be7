/** Forecasts for object files, compared with bpftool and with the memory of the loaded objects. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { forecastElf, type MapChange } from '#src/app/elf/forecast.ts';
import { errnoOf } from '#src/errors.ts';
import { readBpfObjects } from '#src/kernel/bpf/elf/elf-objects.ts';
import { readMapHost } from '#src/kernel/bpf/memory/map-host.ts';
import { mapTypeName } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { type MapFdinfo, mapFdinfo, readFdinfo } from '#src/kernel/procfs/fdinfo.ts';
import { builtTarget } from '../harness.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/elf/${name}.bpf.o`, import.meta.url));

describe('the maps of an object file are those that libbpf finds in it', () => {
  it.each(['btf-maps', 'map-in-map', 'globals'])('%s', (name) => {
    const skeleton = execFileSync('bpftool', ['gen', 'skeleton', fixture(name)], { encoding: 'utf8' });
    // As written by old and new versions of bpftool.
    const theirs = [...skeleton.matchAll(/(?:maps\[\d+\]\.|map->)name = "([^"]+)"/g)].map(([, found = '']) =>
      // libbpf prefixes the sections that every object has with the object's name.
      found.replace(/^\w+(?=\.(rodata|data|bss|kconfig)$)/, ''),
    );
    const ours = readBpfObjects(fixture(name)).flatMap(({ maps }) => maps.map((map) => map.name));
    expect(ours.toSorted()).toEqual(theirs.toSorted());
  });
});

/** The maps that a process holds open. */
function heldMaps(pid: number): MapFdinfo[] {
  return readdirSync(`/proc/${pid}/fdinfo`)
    .map((fd) => {
      try {
        return mapFdinfo(readFdinfo(fd, pid));
      } catch (error) {
        // It was closed in the meantime.
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    })
    .filter((map) => map !== undefined);
}

describe('tools of libbpf-tools use the memory that is forecast from their binaries', () => {
  // Those whose programs attach on every kernel with BTF: no kprobes and no syscall tracepoints.
  it.for<[string, Record<string, number>]>([
    ['biolatency', {}],
    ['runqlat', {}],
    ['cpudist', { start: Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1')), hists: 1 }],
  ])('%s', async ([name, sizes], { skip }) => {
    // Its programs are rejected there: libbpf-tools of Debian 12 were not built for Linux 5.10.
    if (name === 'biolatency' && readMapHost(undefined).memlockMeans === 'pages')
      skip('biolatency needs a newer kernel');
    const path = `/usr/sbin/${name}`;
    expect(existsSync(path), 'apt-get install libbpf-tools').toBe(true);
    const changes = Object.entries(sizes).map(([map, value]) => ({
      map,
      attribute: 'max_entries' as const,
      value,
    }));
    const [object] = (await forecastElf({ files: [path], kernelBtf: undefined, possibleCpus: [], changes }))
      .objects;
    const predicted = object?.maps ?? [];
    const tool = spawn(path, ['60'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(tool, 'exit');
    let complaints = '';
    tool.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    try {
      let held: MapFdinfo[] = [];
      for (let tries = 0; tries < 300 && held.length < predicted.length; tries++) {
        await sleep(100);
        if (tool.exitCode !== null) throw new Error(`${name} failed: ${complaints}`);
        held = heldMaps(tool.pid ?? 0);
      }
      const exact = readMapHost(undefined).memlockMeans === 'usage';
      const line = (type: unknown, numbers: unknown[], bytes: unknown) =>
        `${type} ${numbers.join('/')}${exact ? ` takes ${bytes}` : ''}`;
      expect(
        held
          .map((map) =>
            line(
              mapTypeName(map.map_type),
              [map.key_size, map.value_size, map.max_entries, map.map_flags],
              map.memlock,
            ),
          )
          .toSorted(),
      ).toEqual(
        predicted
          .map((map) =>
            line(
              map.type,
              [map.key_size, map.value_size, map.max_entries, map.map_flags],
              map.costs[0]?.bytes,
            ),
          )
          .toSorted(),
      );
    } finally {
      tool.kill('SIGINT');
      await ended;
    }
  });
});

describe('forecastElf', () => {
  it('is exact on the running kernel, and reads every binary of libbpf-tools', async () => {
    const tools = execFileSync('dpkg', ['-L', 'libbpf-tools'], { encoding: 'utf8' })
      .split('\n')
      .filter((file) => file.startsWith('/usr/sbin/'));
    expect(tools.length).toBeGreaterThan(50);
    const schema = readFileSync(new URL('../../../schema/elf-forecast.schema.json', import.meta.url), 'utf8');
    const validate = new Ajv2020().compile(JSON.parse(schema));
    const fixtures = [
      'btf-maps',
      'btf-maps.be',
      'map-in-map',
      'globals',
      'legacy-maps',
      'newer-maps',
      'struct-ops',
    ];
    const whole = await forecastElf({
      files: [...tools, ...fixtures.map(fixture)],
      kernelBtf: undefined,
      possibleCpus: [],
      changes: [],
    });
    expect(validate(whole), JSON.stringify(validate.errors)).toBe(true);
    expect(new Set(whole.objects.map(({ path }) => path.replace(/\+0x.*/, ''))).size).toBe(
      tools.length + fixtures.length,
    );
    const costs = whole.objects.flatMap(({ maps }) => maps.flatMap((map) => map.costs));
    expect(costs.filter(({ exact }) => !exact)).toEqual([]);
  });

  it('accepts the BTF of another kernel, other CPU counts and other sizes', async () => {
    const { possibleCpus, objects, totals } = await forecastElf({
      files: [fixture('btf-maps'), fixture('globals')],
      kernelBtf: '/sys/kernel/btf/vmlinux',
      possibleCpus: [1, 128],
      changes: [
        { map: 'stacks', attribute: 'max_entries', value: 100 },
        { map: 'stacks', attribute: 'value_size', value: 1016 },
      ],
    });
    expect(possibleCpus).toEqual([1, 128]);
    expect(objects).toHaveLength(2);
    const [one, many] = totals;
    expect(many?.unchargedPercpuBytes).toBe((one?.unchargedPercpuBytes ?? 0) * 128 - uncommonLruRounding);
    expect(objects[0]?.maps.find(({ name }) => name === 'stacks')).toMatchObject({
      set: true,
      max_entries: 100,
      value_size: 1016,
      costs: [{ possibleCpus: 1 }, { possibleCpus: 128 }],
    });
    const perf = objects[0]?.maps.find(({ name }) => name === 'perf');
    expect((perf?.costs[1]?.bytes ?? 0) - (perf?.costs[0]?.bytes ?? 0)).toBe(8 * 127);
  });

  it('lists the existing maps when an option names an unknown one', async () => {
    const changes = [{ map: 'flow', attribute: 'max_entries' as const, value: 1 }];
    await expect(
      forecastElf({ files: [fixture('legacy-maps')], kernelBtf: undefined, possibleCpus: [], changes }),
    ).rejects.toMatchObject({ option: '--set', hint: 'one of: counts, routes' });
  });

  it('reports why a file is not valid BTF', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cmemstat-btf-'));
    const kernelBtf = join(folder, 'btf');
    writeFileSync(kernelBtf, Buffer.alloc(100));
    try {
      await expect(
        forecastElf({ files: [fixture('globals')], kernelBtf, possibleCpus: [], changes: [] }),
      ).rejects.toThrow('not BTF: bad magic, expected 0xeb9f');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('measured in a new leaf', () => {
  const measure = async (changes: MapChange[] = []) => {
    const maker: [string, ...string[]] = [process.execPath, await builtTarget('map-maker')];
    const options = { files: [fixture('btf-maps')], kernelBtf: undefined, possibleCpus: [], changes, maker };
    const { objects } = await forecastElf(options);
    return new Map(objects.flatMap(({ maps }) => maps.map((map) => [map.name, map])));
  };

  it('memlock and charge of each map match the forecast', async () => {
    const maps = await measure([
      { map: 'stacks', attribute: 'max_entries', value: 100 },
      { map: 'stacks', attribute: 'value_size', value: 1016 },
    ]);
    const { memlockMeans } = readMapHost(undefined);
    for (const [name, { costs, measured }] of maps) {
      const [cost] = costs;
      if (cost === undefined || measured === undefined || 'error' in measured) {
        // A kernel that is older than the type rejects it.
        expect(memlockMeans, `${name}: ${JSON.stringify(measured)}`).not.toBe('usage');
        continue;
      }
      if (memlockMeans === 'usage')
        expect({ name, bytes: measured.memlock }).toEqual({ name, bytes: cost.bytes });
      // Up to 5.10 no cgroup is charged; the small maps consist mostly of what the formula excludes.
      const charged = cost.bytes - cost.unchargedPercpuBytes;
      if (memlockMeans === 'pages' || measured.chargedBytes === undefined || charged < 32 * 1024) continue;
      expect(measured.chargedBytes / charged, name).toBeGreaterThan(0.9);
      expect(measured.chargedBytes / charged, name).toBeLessThan(1.2);
    }
  });

  it('reports why the kernel rejects a map', async () => {
    const maps = await measure([{ map: 'flows', attribute: 'value_size', value: 0xffff_fff0 }]);
    expect(maps.get('flows')?.measured).toEqual({
      error: expect.stringMatching(/^bpf\(BPF_MAP_CREATE\): (E2BIG|EINVAL|ENOMEM)$/),
    });
  });
});

/** The `lru` map of the fixture has 1,001 entries of 8 bytes, which 128 CPUs round up to 1,024. */
const uncommonLruRounding = -(1024 - 1001) * 8 * 128;
