import type { Finding, Gravity } from './finding.js';

const MARKS: Record<Gravity, string> = { ok: '✓', warning: '!', failure: '✗' };
const COLOURS: Record<Gravity, string> = { ok: '\u001b[32m', warning: '\u001b[33m', failure: '\u001b[31m' };
const RESET = '\u001b[0m';
const SUBJECT_WIDTH = 15;

/** A finding as one line for a person: mark, subject, text, and the remedy behind an arrow. */
export function lineOf(finding: Finding, isColoured: boolean): string {
  const { gravity, subject, text, remedy } = finding;
  const mark = isColoured ? `${COLOURS[gravity]}${MARKS[gravity]}${RESET}` : MARKS[gravity];
  const behind = remedy === undefined ? '' : ` → ${remedy}`;
  return `${mark} ${subject.padEnd(SUBJECT_WIDTH)} ${oneLine(text)}${oneLine(behind)}\n`;
}

/** The last line: what it comes to. */
export function verdictOf(findings: readonly Finding[]): string {
  const failures = findings.filter(stops).length;
  const warnings = findings.filter(({ gravity }) => gravity !== 'ok').length - failures;
  if (failures === 0 && warnings === 0) return 'All is well.\n';
  if (failures === 0) return `The device can run; ${things(warnings)} could be better.\n`;
  return `${things(failures)} would keep the device from working${warnings > 0 ? `, ${things(warnings)} could be better` : ''}.\n`;
}

/** All of it for a program: `{ok, findings}`. */
export function jsonOf(findings: readonly Finding[]): string {
  return `${JSON.stringify({ ok: isWell(findings), findings }, null, 2)}\n`;
}

/** Whether `run` would work. */
export function isWell(findings: readonly Finding[]): boolean {
  return !findings.some(stops);
}

function stops({ gravity, isOvercome }: Finding): boolean {
  return gravity === 'failure' && !isOvercome;
}

function things(count: number): string {
  return count === 1 ? 'one thing' : `${count} things`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, '; ');
}
