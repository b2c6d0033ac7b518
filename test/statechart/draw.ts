// Draws the session machine into docs/statechart.svg: npm run statechart
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chartOf } from '../session/model/chart.js';
import { statechartSvg } from './picture.js';

writeFileSync(fileURLToPath(new URL('../../../docs/statechart.svg', import.meta.url)), statechartSvg(chartOf()));
