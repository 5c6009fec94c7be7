/** Reads what the packages are written as: images and bills of materials. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { VERSION } from '../../build/package/tools.ts';
import { PROJECT } from '../paths.ts';
import { expect } from './checks.ts';

/** Unpacks the layers of an image in `out`; returns its root file system. */
export function unpackImage(out: string, arch: string): string {
  const layout = join(tmpdir(), `layout-${arch}`);
  const root = join(tmpdir(), `image-${arch}`);
  for (const folder of [layout, root]) mkdirSync(folder);
  const untar = (file: string, folder: string) =>
    expect(spawnSync('tar', ['-xf', file, '-C', folder]).status === 0, `tar -xf ${file}`);
  untar(join(out, `cmemstat-${VERSION}-oci-${arch}.tar`), layout);
  const read = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(read(index.manifests[0].digest), 'utf8'));
  for (const { digest } of manifest.layers) untar(read(digest), root);
  return root;
}

/** Whether a document is valid by the schema of CycloneDX 1.6. */
export function checkSchema(file: string): void {
  const folder = join(PROJECT, 'node_modules/@cyclonedx/cyclonedx-library/res/schema');
  const schema = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  // The formats are addresses and times, which we write ourselves; the rest is checked.
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ['spdx', 'jsf-0.82']) {
    ajv.addSchema(
      schema(`${name}.SNAPSHOT.schema.json`),
      `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
    );
  }
  const isValid = ajv.compile(schema('bom-1.6.SNAPSHOT.schema.json'));
  const document = JSON.parse(readFileSync(file, 'utf8'));
  expect(isValid(document) === true, isValid.errors);
  expect(
    isValid({ ...document, components: [{ name: 'no type' }] }) === false,
    'the schema accepts anything',
  );
}
