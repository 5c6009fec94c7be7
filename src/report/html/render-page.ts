/** Renders a page: one file that loads nothing from elsewhere. */
import { gzipSync } from 'node:zlib';
import { VERSION } from '../../version.ts';
import { encodeModel } from './data/encode-model.ts';
import type { PageModel } from './data/page-model.ts';
import { escapeName, escapeText } from './draw/markup.ts';
import { comparisonSection } from './sections/comparison-section.ts';
import {
  compositionSection,
  containerSection,
  mapsSection,
  processSection,
} from './sections/composition-section.ts';
import { methodSection, noteSection } from './sections/method-section.ts';
import type { PageAssets, PageInput } from './sections/page-input.ts';
import { budgetSection, summarySection } from './sections/summary-section.ts';
import { budgetLines, pressureSection, timelineSection } from './sections/timeline-section.ts';

/** The page as a document. The policy allows only its own script and styles, by their hashes. */
export function renderPage(given: PageInput, assets: PageAssets): string {
  const input = withBudgetLines(given);
  const sections = [
    summarySection(input),
    budgetSection(input.verdict),
    timelineSection(input),
    compositionSection(input),
    comparisonSection(input),
    containerSection(input),
    mapsSection(input),
    processSection(input),
    pressureSection(input),
    methodSection(input),
    noteSection(input),
  ];
  const links = sections.flatMap((text) => {
    const [, id, heading] = /^<section id="([a-z]+)"[^>]*><h2[^>]*>([^<]*)</.exec(text) ?? [];
    return id === undefined ? [] : [`<li><a href="#${id}">${heading}</a></li>`];
  });
  const { verdict } = input;
  const status =
    verdict === undefined
      ? ''
      : ` <span class="status ${verdict.exitStatus === 0 ? 'passed' : 'failed'}">exit status ${verdict.exitStatus}</span>`;
  const { refreshMs } = input;
  const connect = refreshMs === undefined ? '' : " connect-src 'self';";
  const policy = `default-src 'none'; script-src ${assets.scriptHash}; style-src ${assets.styleHash};${connect} base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en"${refreshMs === undefined ? '' : ` data-refresh="${refreshMs}"`}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="cmemstat ${escapeText(VERSION)}">
<title>${escapeName(input.title)}</title>
${refreshMs === undefined ? '' : reloadMarkup(refreshMs)}<style>${assets.style}</style>
</head>
<body>
<header><h1>${escapeName(input.title)}${status}</h1><p class="subject">${escapeName(input.subject)}</p>
${refreshMs === undefined ? '' : '<div id="live-view"></div>'}<nav aria-label="Sections"><ul>${links.join('')}</ul></nav></header>
<main>
${sections.join('')}</main>
<footer><p>Made by cmemstat ${escapeText(VERSION)}${describeRecordings(input)}</p></footer>
<script type="application/octet-stream" id="model">${encodeData(modelOf(input))}</script>
${input.recordings.map(({ name, text }) => `<script type="application/octet-stream" class="recording" data-name="${escapeText(name)}">${text}</script>\n`).join('')}<script>${assets.script}</script>
</body>
</html>
`;
}

/** The minimum interval of loading a page again, without scripts: the place in it is lost. Unit: seconds. */
const MIN_RELOAD_S = 10;

function reloadMarkup(refreshMs: number): string {
  const seconds = Math.max(MIN_RELOAD_S, Math.ceil(refreshMs / 1000));
  return `<noscript><meta http-equiv="refresh" content="${seconds}"></noscript>\n`;
}

function withBudgetLines(input: PageInput): PageInput {
  const lines = budgetLines(input.verdict?.budgets ?? []);
  if (lines.length === 0) return input;
  const runs = input.runs.map((run) => ({
    ...run,
    model: { ...run.model, limits: [...run.model.limits, ...lines] },
  }));
  return { ...input, runs };
}

function modelOf({ runs, trees, threshold }: PageInput): PageModel {
  return {
    runs: runs
      .filter(({ model }) => model.samples > 0 || model.maps.entities.length > 0)
      .map(({ model }) => model),
    trees: [...trees],
    threshold,
  };
}

/** Base64 has no character that could end the element. */
function encodeData(model: PageModel): string {
  return gzipSync(JSON.stringify(encodeModel(model)), { level: 9 }).toString('base64');
}

function describeRecordings({ recordings }: PageInput): string {
  if (recordings.length === 0) return '';
  const what = recordings.length === 1 ? 'The recording is' : `${recordings.length} recordings are`;
  return `. ${what} inside: <code>cmemstat replay</code> with this file plays ${recordings.length === 1 ? 'it' : 'the first one'}`;
}
