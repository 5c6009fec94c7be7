/** The inventory of BPF objects with the caller's capabilities, as JSON. */
import { openBpfInventory } from '#src/sampler/bpf/inventory.ts';

const inventory = await openBpfInventory({ holders: true });
const { attribution, reason, hint } = inventory;
const { maps } = inventory.read();
const sources = [...new Set(maps.map(({ source }) => source))];
process.stdout.write(JSON.stringify({ attribution, reason, hint, maps: maps.length, sources }));
