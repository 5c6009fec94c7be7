/**
 * A process with a given name that holds maps: `map-holder.ts NAME`. It exits at the end of standard input.
 */
import { closeSync } from 'node:fs';
import { openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { BpfObjects } from '../bpf/bpf-fixtures.ts';

process.title = process.argv[2] ?? 'holder';
const objects = new BpfObjects(await openBpf());
for (let index = 0; index < 3; index++) objects.map({ map_name: 'held_policy', max_entries: 1000 });
objects.map({ map_type: mapTypeNumber('array'), map_name: 'held_config', value_size: 256 });
objects.map({ map_type: mapTypeNumber('lru_hash'), map_name: 'held_flows', max_entries: 5000 });
// A map that two programs use, and that no process holds.
const anonymous = objects.map({ map_name: 'held_by_progs' });
objects.program([anonymous.fd], 'first_user');
objects.program([anonymous.fd], 'second_user');
objects.close(anonymous.fd);
process.stdout.write('ready\n');
process.stdin.on('end', () => {
  objects.closeAll();
  closeSync(0);
});
process.stdin.resume();
