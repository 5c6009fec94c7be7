/** The process that `cmemstat elf --measure` starts of itself, for tests without the built binary. */
import { serveMapMaker } from '#src/app/elf/measure-worker.ts';

await serveMapMaker();
