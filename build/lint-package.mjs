/**
 * `npm run check:package`: publint's findings about the package, warnings included; fails if there is one.
 */
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import manifest from '../package.json' with { type: 'json' };

// publint looks for `#!/usr/bin/env`; bin/cmemstat.js says why its first line has another slash, and a test
// starts it.
const EXPECTED = new Set(['BIN_FILE_NOT_EXECUTABLE']);

const { messages } = await publint({ strict: true });
const findings = messages.filter(({ code }) => !EXPECTED.has(code));
for (const message of findings) console.error(`${message.type}: ${formatMessage(message, manifest)}`);
process.exitCode = findings.length === 0 ? 0 : 1;
