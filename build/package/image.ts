/** The OCI image: the executable and the libraries that it is linked with, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { hexDigest } from './checksums.ts';
import { findSystemLibraries } from './system-libraries.ts';
import { type Arch, DEBIAN_ARCH, runTool, VERSION } from './tools.ts';
import { addAddon, addLicenses, type PackagePlaces, packTar, Tree } from './tree.ts';

/** A reference to contents. Source: the OCI image specification, descriptor. */
interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/**
 * Writes `NAME-oci.tar`, an image layout in an archive: `podman load` and `skopeo copy oci-archive:` read it.
 *
 * Source: the OCI image specification 1.1: image layout, manifest, configuration.
 */
export function packImage(arch: Arch, executable: string, { out, work, epoch }: PackagePlaces): void {
  const layout = new Tree(join(work, 'layout'));
  const libraries = new Tree(join(work, 'libraries'));
  for (const [path, file] of findSystemLibraries(arch, executable)) {
    libraries.copy(path, file, path.includes('/doc/') ? 0o644 : 0o755);
  }
  const program = new Tree(join(work, 'program'));
  program.copy('usr/bin/cmemstat', executable, 0o755);
  addAddon(program, 'usr', arch);
  addLicenses(program, 'usr/share/doc/cmemstat', arch);
  // The C library finds root's home directory in it, which the caches are in.
  program.write('etc/passwd', 'root:x:0:0:root:/root:/sbin/nologin\n');
  const layers = [libraries, program].map(({ root }, index) => {
    const tar = join(work, `layer${index}.tar`);
    packTar(tar, root, '.', epoch);
    const diffId = digestOf(readFileSync(tar));
    runTool('gzip', ['--no-name', tar]);
    return {
      diffId,
      descriptor: addBlob(layout, 'application/vnd.oci.image.layer.v1.tar+gzip', readFileSync(`${tar}.gz`)),
    };
  });
  const created = new Date(epoch * 1000).toISOString();
  const config = addJson(layout, 'application/vnd.oci.image.config.v1+json', {
    architecture: DEBIAN_ARCH[arch],
    os: 'linux',
    created,
    config: {
      Entrypoint: ['/usr/bin/cmemstat'],
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Labels: labels(created),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [
      { created, comment: 'C and C++ libraries of Debian' },
      { created, comment: `cmemstat ${VERSION}` },
    ],
  });
  const manifest = addJson(layout, 'application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  layout.write('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  layout.write('index.json', JSON.stringify(imageIndex(arch, manifest)));
  packTar(join(out, `cmemstat-${VERSION}-oci-${DEBIAN_ARCH[arch]}.tar`), layout.root, '.', epoch);
}

function imageIndex(arch: Arch, manifest: Descriptor): object {
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...manifest,
        platform: { architecture: DEBIAN_ARCH[arch], os: 'linux' },
        annotations: { 'org.opencontainers.image.ref.name': `localhost/cmemstat:${VERSION}` },
      },
    ],
  };
}

/** Source: the OCI image specification, annotations. */
function labels(created: string): Record<string, string> {
  return {
    'org.opencontainers.image.title': 'cmemstat',
    'org.opencontainers.image.version': VERSION,
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.licenses': manifest.license,
    'org.opencontainers.image.url': manifest.homepage,
  };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${hexDigest('sha256', bytes)}`;
}

/** Adds contents under their digest. */
function addBlob(layout: Tree, mediaType: string, bytes: Buffer): Descriptor {
  const digest = digestOf(bytes);
  layout.write(`blobs/${digest.replace(':', '/')}`, bytes);
  return { mediaType, digest, size: bytes.length };
}

function addJson(layout: Tree, mediaType: string, value: object): Descriptor {
  return addBlob(layout, mediaType, Buffer.from(JSON.stringify(value)));
}
