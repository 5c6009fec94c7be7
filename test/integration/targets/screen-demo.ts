/**
 * A program for the tests of the screen: draws the keys, pastes, mouse events and size changes that it
 * receives.
 *
 * Keys: q exits, x throws, z suspends, e calls process.exit without closing, i draws a thousand frames, !
 * rejects a promise. With `--report FILE` every event is also written there as a line.
 */
import { appendFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ToolError } from '#src/errors.ts';
import { openScreen } from '#src/view/terminal/screen.ts';
import type { Line } from '#src/view/text/line.ts';

const [, , option, report] = process.argv;
const events: string[] = [];
let counter = 0;

async function main(): Promise<void> {
  const screen = await openScreen({
    env: process.env,
    input: isatty(0) ? 0 : undefined,
    output: isatty(1) ? 1 : undefined,
  });
  const frame = (): Line[] => {
    const { width, height } = screen.size;
    const heading = `screen ${width}x${height} ${screen.kind.unicode ? 'unicode' : 'ascii'} ${screen.kind.depth}`;
    const lines: Line[] = [
      [
        { text: heading, style: 'title' },
        { text: ` frame ${counter}`, style: 'dim' },
      ],
      [
        { text: 'anon', style: 'anon' },
        { text: ' 全角 é ', style: 'bad' },
        { text: 'file', style: { fg: [1, 2, 3], underline: true } },
      ],
    ];
    for (const event of events.slice(-Math.max(1, height - 3))) lines.push([{ text: event }]);
    while (lines.length < height) lines.push([]);
    lines[height - 1] = [{ text: '#'.repeat(width), style: 'selected' }];
    return lines;
  };
  const draw = () => {
    counter += 1;
    screen.draw(frame());
  };
  const note = (event: string) => {
    events.push(event);
    if (option === '--report' && report !== undefined) appendFileSync(report, `${event}\n`);
    draw();
  };
  screen.onKey((key) => {
    note(`key ${key}`);
    if (key === 'q') screen.close();
    if (key === 'x') throw new Error('thrown by the demo');
    if (key === 'z') screen.suspend();
    if (key === 'e') process.exit(3);
    if (key === '!') Promise.reject(new Error('rejected by the demo'));
    if (key === 'C-l') screen.redraw();
    if (key === 'i') for (let count = 0; count < 1000; count += 1) draw();
    if (!screen.isOpen) console.log('closed by q');
  });
  screen.onPaste((text) => note(`paste ${JSON.stringify(text)}`));
  screen.onMouse((action) => note(`mouse ${Object.values(action).join(' ')}`));
  screen.onResize(({ width, height }) => note(`resize ${width}x${height}`));
  screen.onLost(() => {
    if (option === '--report' && report !== undefined) appendFileSync(report, 'lost\n');
  });
  process.on('SIGHUP', () => {});
  process.on('SIGTERM', () => {
    screen.close();
    screen.close();
    process.exit(143);
  });
  draw();
}

main().catch((error: unknown) => {
  if (!(error instanceof ToolError)) throw error;
  console.log(`refused: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`);
  process.exitCode = 7;
});
