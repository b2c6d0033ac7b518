import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { systemClock } from '../../src/clock.js';
import { Metrics } from '../../src/page/metrics.js';
import { openMetrics } from '../../src/page/open-metrics.js';
import { readOpenMetrics } from '../helpers/open-metrics.js';

const DASHBOARD = new URL('../../../config/grafana.json', import.meta.url);

it('the dashboard for Grafana asks only for metrics that there are', () => {
  const usage = { cpuS: { main: 0, children: 0 }, memoryBytes: { main: 0, children: 0 } };
  const present = { state: 'listening', isMuted: false, isLinkUp: true, usage };
  const families = readOpenMetrics(openMetrics(new Metrics(systemClock).all(present)));
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: { targets: { expr: string }[] }[] };
  const asked = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/\btars_\w+(?=\{)/g) ?? []));
  assert.ok(asked.length >= 12);
  const suffixed = /_(?:total|bucket|count|sum|info)$/;
  const unknown = asked.filter((name) => !families.has(name) && !families.has(name.replace(suffixed, '')));
  assert.deepEqual(unknown, []);
});
