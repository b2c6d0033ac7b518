/** One engine's way through its thresholds. */
export interface Line {
  name: string;
  /** Those of one engine look alike. */
  family: number;
  points: readonly { falseAlarmsAnHour: number; missedPercent: number; label?: string }[];
}

const WIDTH = 720;
const HEIGHT = 420;
const PLOT = { left: 64, right: 24, top: 24, bottom: 56 };
/** What is drawn at the left edge stands for none at all. */
const LEAST_AN_HOUR = 0.5;
const X_TICKS = [1, 3, 10, 30, 100, 300];
const Y_TICKS = [2, 5, 10, 20, 40, 60];
const MOST_AN_HOUR = 400;
const [LEAST_PERCENT, MOST_PERCENT] = [1.5, 75];
const DASHES = ['', '7 4', '2 4', '10 4 2 4'];

/**
 * A detection-error curve as an SVG for light and dark pages: missed phrases over false alarms an hour, both
 * logarithmic, so that better is further down and to the left.
 */
export function curveSvg(title: string, note: string, lines: readonly Line[]): string {
  const width = WIDTH - PLOT.left - PLOT.right;
  const height = HEIGHT - PLOT.top - PLOT.bottom;
  const x = (anHour: number) => PLOT.left + width * ratio(Math.max(LEAST_AN_HOUR, anHour), LEAST_AN_HOUR, MOST_AN_HOUR);
  const y = (percent: number) =>
    PLOT.top + height * (1 - ratio(Math.max(LEAST_PERCENT, percent), LEAST_PERCENT, MOST_PERCENT));
  const bottom = HEIGHT - PLOT.bottom;
  const grid = [
    ...X_TICKS.map(
      (tick) =>
        `<path class="grid" d="M${round(x(tick))} ${PLOT.top}V${bottom}"/>${text(x(tick), bottom + 18, `${tick}`)}`,
    ),
    text(PLOT.left, bottom + 18, 'none'),
    ...Y_TICKS.map(
      (tick) =>
        `<path class="grid" d="M${PLOT.left} ${round(y(tick))}H${WIDTH - PLOT.right}"/>${text(PLOT.left - 8, y(tick) + 4, `${tick} %`, 'end')}`,
    ),
  ];
  const drawn = lines.map((line, i) => {
    const at = line.points.map(
      ({ falseAlarmsAnHour, missedPercent }) => [x(falseAlarmsAnHour), y(missedPercent)] as const,
    );
    const dash = DASHES[i % DASHES.length] ? ` stroke-dasharray="${DASHES[i % DASHES.length]}"` : '';
    const legendY = PLOT.top + 18 + i * 18;
    const legendX = WIDTH - PLOT.right - 200;
    return [
      `<g class="family${line.family}">`,
      `<polyline${dash} points="${at.map(([left, top]) => `${round(left)},${round(top)}`).join(' ')}"/>`,
      ...at.map(([left, top], k) => {
        const { label } = line.points[k] ?? {};
        return `<circle cx="${round(left)}" cy="${round(top)}" r="${label ? 5 : 3}"/>`;
      }),
      `<path${dash} d="M${legendX} ${legendY - 4}h36"/>`,
      '</g>',
      text(legendX + 44, legendY, line.name, 'start'),
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    ...grid,
    ...drawn,
    text(PLOT.left + width / 2, HEIGHT - 18, note),
    `<text transform="translate(16 ${PLOT.top + height / 2}) rotate(-90)" text-anchor="middle">missed</text>`,
    '</svg>',
    '',
  ].join('\n');
}

const STYLE = [
  'text{font:13px sans-serif;fill:#333}',
  '.page{fill:#fff}',
  '.grid{stroke:#ddd;fill:none}',
  'g *{fill:none;stroke:currentColor;stroke-width:2}',
  'g circle{fill:currentColor;stroke:none}',
  '.family0{color:#0969da}.family1{color:#bc4c00}.family2{color:#1a7f37}',
  '@media(prefers-color-scheme:dark){text{fill:#ccc}.page{fill:#0d1117}.grid{stroke:#333}',
  '.family0{color:#58a6ff}.family1{color:#f0883e}.family2{color:#3fb950}}',
].join('');

/** Where a value lies between two others on a logarithmic scale, 0 to 1. */
function ratio(value: number, least: number, most: number): number {
  return Math.min(1, Math.log(value / least) / Math.log(most / least));
}

function text(x: number, y: number, content: string, anchor = 'middle'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
