/** The list of what the packages are made of (a software bill of materials), as CycloneDX. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { type Dependency, findDependencies } from './dependencies.ts';
import { fetchRuntime, lockedAddon, RUNTIME } from './fetch-package.ts';
import { findSystemPackages } from './system-libraries.ts';
import { type Arch, DEBIAN_ARCH, runTool, VERSION } from './tools.ts';
import type { PackagePlaces } from './tree.ts';

/** A component, as in CycloneDX 1.6. */
interface Component {
  type: 'application' | 'library' | 'platform';
  'bom-ref': string;
  name: string;
  version: string;
  purl: string;
  description?: string;
  hashes?: { alg: 'SHA-512'; content: string }[];
  licenses?: { license: { id: string } }[];
  components?: Component[];
}

/** Writes `cmemstat-VERSION.cdx.json`, about the packages of these architectures. */
export function describeContents(arches: readonly Arch[], { out, epoch }: Omit<PackagePlaces, 'work'>): void {
  const ours = component('application', 'npm', manifest.name, VERSION, { license: manifest.license });
  const components = [
    ...findDependencies().map((each) => component('library', 'npm', each.name, each.version, each)),
    ...arches.flatMap((arch) => [
      component(
        'library',
        'npm',
        `@koromix/koffi-linux-${arch}`,
        lockedAddon(arch).version,
        lockedAddon(arch),
      ),
      describeRuntime(arch),
      ...describeLibraries(arch),
    ]),
  ];
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(JSON.stringify([epoch, ours, components])),
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      lifecycles: [{ phase: 'build' }],
      component: ours,
    },
    components,
    dependencies: [{ ref: ours['bom-ref'], dependsOn: components.map((each) => each['bom-ref']).toSorted() }],
  };
  writeFileSync(join(out, `cmemstat-${VERSION}.cdx.json`), `${JSON.stringify(document, null, 1)}\n`);
}

/** @param ecosystem as package URLs name it, such as `deb/debian`. */
function component(
  type: Component['type'],
  ecosystem: string,
  name: string,
  version: string,
  { license, integrity, query = '' }: Partial<Dependency> & { query?: string } = {},
): Component {
  const path = name.split('/').map(encodeURIComponent).join('/');
  const purl = `pkg:${ecosystem}/${path}@${encodeURIComponent(version)}${query}`;
  const sha512 = /^sha512-(.*)$/.exec(integrity ?? '')?.[1];
  return {
    type,
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(sha512 === undefined
      ? {}
      : { hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }] }),
    ...(license === undefined ? {} : { licenses: [{ license: { id: license } }] }),
  };
}

/** Node.js, with the libraries that are compiled into it. */
function describeRuntime(arch: Arch): Component {
  const own = component('platform', 'npm', `node-linux-${arch}`, RUNTIME.version, {
    license: 'MIT',
    integrity: RUNTIME.integrity[arch],
  });
  // The other architecture has the same ones, and cannot be asked.
  const node = join(fetchRuntime(process.arch as Arch), 'bin/node');
  const versions = JSON.parse(runTool(node, ['-p', 'JSON.stringify(process.versions)'])) as Record<
    string,
    string
  >;
  // Not libraries: the version of Node.js itself, of its interface for addons, and of data.
  const others = new Set(['node', 'modules', 'napi', 'cldr', 'tz', 'unicode']);
  const components = Object.entries(versions)
    .filter(([name]) => !others.has(name))
    .map(([name, version]) => {
      const each = component('library', 'generic', name, version);
      return { ...each, 'bom-ref': `${own['bom-ref']}#${name}` };
    });
  return { ...own, components };
}

/** The libraries of Debian in the image. */
function describeLibraries(arch: Arch): Component[] {
  const query = `?arch=${DEBIAN_ARCH[arch]}`;
  return findSystemPackages(arch).map(({ name, version }) =>
    component('library', 'deb/debian', name, version, { query }),
  );
}

/** A UUID that depends on the contents. Source: RFC 9562, version 8. */
function serialNumber(contents: string): string {
  const bytes = createHash('sha256').update(contents).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `urn:uuid:${parts.join('-')}`;
}
