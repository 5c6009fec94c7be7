import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { bundleModules } from '../bundle.ts';

const INTEGRATION = path.resolve(import.meta.dirname, '../integration');
/** The project is visible in every guest; the files in here are not sources. */
const NODE_MODULES = path.resolve(import.meta.dirname, '../../node_modules');

/**
 * Bundles each integration test and each of its TypeScript programs into one file, and passes the folder to
 * `use`. Loading and transforming them one by one takes 5 to 15 s per test file in an emulated machine.
 */
export async function withBundles<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await makeDirectory();
  const removeDirectory = () => rm(directory, { recursive: true, force: true });
  try {
    // Some tests start programs in here as another user.
    await chmod(directory, 0o755);
    const names = await readdir(INTEGRATION, { recursive: true });
    const programs = names.filter((name) => /\.test\.ts$|^targets\/.*\.ts$/.test(name));
    await bundleModules(
      programs.map((name) => path.join(INTEGRATION, name)),
      directory,
    );
    return await use(directory);
  } finally {
    await removeDirectory();
  }
}

async function makeDirectory(): Promise<string> {
  const parent = path.join(NODE_MODULES, '.cmemstat-vm');
  await mkdir(parent, { recursive: true });
  return await mkdtemp(path.join(parent, 'bundles-'));
}
