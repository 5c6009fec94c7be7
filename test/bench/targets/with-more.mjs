// Allocates additional memory and runs another script. Arguments: MiB, the script, its arguments.
import { pathToFileURL } from 'node:url';

const [node, , mib, script, ...rest] = process.argv;
globalThis.kept = Buffer.alloc(Number(mib) * 1024 * 1024, 1);
process.argv = [node, script, ...rest];
await import(pathToFileURL(script).href);
