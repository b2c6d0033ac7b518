import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openPage, startBrowser, violations, whyNoBrowser } from '../helpers/browser.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { furnish, utter } from '../helpers/room.js';
import { say } from '../helpers/speech.js';
import { startPage } from '../page/support.js';

/** Where pictures of the page go, for the README; nowhere without it. */
const PICTURES = process.env.TARS_PICTURES;

it('the page shows a conversation as it happens, and moves the device', { skip: whyNoBrowser() }, async (test) => {
  const data = await mkdtemp(join(tmpdir(), 'tars-page-'));
  test.after(() => rm(data, { recursive: true, force: true }));
  const [room, browser, speech, reply] = await Promise.all([
    furnish(test, { flags: ['--page.enabled', '--page.listen=127.0.0.1:0'], variables: { XDG_DATA_HOME: data } }),
    startBrowser(test),
    utter('what is the weather like today'),
    say('It is sunny, and it will stay so.', 'awb'),
  ]);
  const { device, server, sound } = room;
  const { url } = device.all('page.ready')[0] ?? { url: '' };
  const { page, errors } = await openPage(browser, url, {
    colorScheme: 'light',
    viewport: { width: 1240, height: 900 },
  });
  await shows(page, '#state', 'Listening');
  await page.evaluate(REMEMBER_STATES);

  // A newcomer sees, within 10 s of the hotword, what happened and how long each step took.
  const spoken = await sound.speak(speech.sound);
  await server.next('hotword_detected', 10_000);
  await shows(page, '#turns .pill', 'under way');
  await answer(server, reply, { speed: 3 });
  await shows(page, '#turns .pill[data-tone=good]', 'answered');
  const shownMs = performance.now() - (spoken.startedAtMs + speech.hotwordEnd / 16);
  assert.ok(shownMs < 10_000, `shown ${Math.round(shownMs)} ms after the hotword`);
  const { firstByteOutMs, replyAfterMs } = await device.waitFor('turn.timing');
  const moments = await momentsOf(page);
  assert.deepEqual(
    moments.map(({ name }) => name),
    ['hotword', 'first byte out', 'first byte back', 'first sample', 'last sample', 'complete'],
  );
  const ms = moments.map(({ value }) => millisecondsOf(value));
  assert.deepEqual(
    ms,
    ms.toSorted((a, b) => a - b),
    'the moments do not follow one another',
  );
  // Page and log read the clock one after the other, and a busy machine may come between.
  assert.ok(Math.abs((ms[1] ?? 0) - firstByteOutMs) <= 20, `first byte out ${ms[1]} ms, by the log ${firstByteOutMs}`);
  assert.ok(Math.abs((ms[2] ?? 0) - firstByteOutMs - replyAfterMs) <= 20, `${ms[2]} ms, by the log ${replyAfterMs}`);
  assert.match((await page.locator('#turns strong').last().textContent()) ?? '', /“hey tars”, score 0\.\d\d/);
  assert.deepEqual(await page.evaluate('globalThis.seen'), ['Your turn', 'Replying', 'Your turn']);
  assert.deepEqual(await litStates(page), ['activeSession', 'activeSession.userTurn']);

  // Stop and talk, mute and unmute.
  await page.click('#stop');
  await device.waitForState('listening');
  await shows(page, '#turns .turn-note', 'conversation ended: user');
  await page.click('#talk');
  await device.waitForState('activeSession.userTurn');
  await page.click('#stop');
  await device.waitForState('listening');
  await page.click('#mute');
  await device.waitForState('idle');
  await shows(page, '#state', 'Muted');
  await page.click('#mute');
  await device.waitForState('listening');

  // The tone comes out of the loudspeaker, half as loud where the person wants it so.
  const loud = await toneLevel(page, room);
  await page.fill('#volume', '50');
  const soft = await toneLevel(page, room);
  assert.ok(Math.abs(loud / soft - 4) < 0.5, `the volume is squared: ${loud} to ${soft}`);

  await moveThreshold(page, room, data);
  assert.deepEqual(errors, []);
  assert.deepEqual(await violations(page), []);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await violations(page), []);
  await foreignPage(test, url, browser);
});

it('a page with a token asks for it, and shows nothing before', { skip: whyNoBrowser() }, async (test) => {
  const folder = await mkdtemp(join(tmpdir(), 'tars-page-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const token_file = join(folder, 'token');
  await writeFile(token_file, 'a-token-of-this-test');
  const [{ url }, browser] = await Promise.all([startPage(test, { token_file }), startBrowser(test)]);
  const { page, errors } = await openPage(browser, url);
  assert.deepEqual(await violations(page), []);
  for (const [token, shown] of [
    ['a guess', 'That is not the token.'],
    ['a-token-of-this-test', 'Listening'],
  ] as const) {
    await page.getByLabel('The token of this device').fill(token);
    await page.keyboard.press('Enter');
    await shows(page, token === 'a guess' ? '.said' : '#state', shown);
  }
  assert.deepEqual(
    errors.filter((error) => !error.includes('401')),
    [],
  );
});

it('a page that stays open follows the device, and asks for a token that was changed', {
  skip: whyNoBrowser(),
}, async (test) => {
  const folder = await mkdtemp(join(tmpdir(), 'tars-page-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const token_file = join(folder, 'token');
  await writeFile(token_file, 'a-token-of-this-test');
  const [served, browser] = await Promise.all([startPage(test), startBrowser(test)]);
  const { device, journal, settings, url } = served;
  const { page } = await openPage(browser, url);
  await shows(page, '#live', 'live');
  assert.ok(await page.locator('#save').isDisabled());
  await page.locator('#volume').focus();
  device.setVolume(0.3);
  journal.record('state.changed', { from: 'idle', to: 'listening', why: 'ready' });
  await shows(page, '#volume-says', '30 %');
  await page.fill('#volume', '50');
  await page.reload();
  await shows(page, '#volume-says', '50 %');
  await page.click('#save');
  await shows(page, '#said', 'Saved in nowhere');
  await page.locator('#save:disabled').waitFor();
  await served.page.open({ ...settings, listen: new URL(url).host, token_file });
  await page.getByLabel('The token of this device').waitFor();
});

type TestRoom = Awaited<ReturnType<typeof furnish>>;

/** At 1 nothing is likely enough; the line is moved by keys and by hand, and what is saved holds for the next start. */
async function moveThreshold(page: Page, { device, sound }: TestRoom, data: string): Promise<void> {
  const line = page.getByRole('slider', { name: 'Threshold of “hey tars”' });
  assert.equal(await line.getAttribute('aria-valuetext'), '1e-25');
  await line.press('ArrowUp');
  assert.equal(await line.getAttribute('aria-valuetext'), '1e-24');
  await line.press('End');
  assert.equal(await line.getAttribute('aria-valuetext'), '1e0');
  device.mark();
  await sound.speak(await say('hey tars'));
  const box = await line.boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y + 30, { steps: 4 });
  assert.equal(device.all('hotword.detected').length, 1, 'heard above a threshold that nothing reaches');
  await page.mouse.move(x, y + 65, { steps: 4 });
  await page.mouse.up();
  const dragged = await line.getAttribute('aria-valuetext');
  assert.match(dragged ?? '', /^1e-2\d$/);
  await page.click('#save');
  await shows(page, '#said', `Saved in ${join(data, 'tars-client', 'tuned.toml')}`);
  const saved = await readFile(join(data, 'tars-client', 'tuned.toml'), 'utf8');
  assert.ok(saved.includes(`hotword.pocketsphinx.thresholds = { "hey tars" = ${Number(dragged)} }`), saved);
  assert.ok(saved.includes('speaker.volume = 0.5'), saved);
  await sound.speak(await say('hey tars'));
  await device.waitFor('hotword.detected');
  await shows(page, '#state', 'Your turn');
  await pictures(page);
  await page.click('#stop');
}

async function toneLevel(page: Page, { sound }: TestRoom): Promise<number> {
  const sinceMs = performance.now();
  await page.click('#tone');
  await shows(page, '#said', 'The test tone was played.');
  await sound.speaker.untilSilent(sinceMs, 200, 5_000);
  const level = Math.max(...sound.speaker.recording(sinceMs).map(Math.abs));
  await page.evaluate("document.getElementById('said').textContent = ''");
  return level;
}

/** Somebody else's page in the same browser gets no word from the device. */
async function foreignPage(test: TestContext, url: string, browser: Awaited<ReturnType<typeof startBrowser>>) {
  const other = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>not the device'));
  test.after(() => other.close());
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { page } = await openPage(browser, `http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
  const outcome = await page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const socket = new WebSocket(address);
        socket.onopen = () => resolve('open');
        socket.onerror = () => resolve('refused');
      }),
    `${url.replace('http', 'ws')}live`,
  );
  assert.equal(outcome, 'refused');
}

/** Waits until the first element of this kind says this. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).first().filter({ hasText: text }).waitFor({ timeout: 10_000 });
}

/** In the page: what the heading says from now on, one after the other. */
const REMEMBER_STATES = `
  const heading = document.getElementById('state');
  globalThis.seen = [];
  new MutationObserver(() => {
    if (heading.textContent !== seen.at(-1)) seen.push(heading.textContent);
  }).observe(heading, { childList: true });
`;

async function momentsOf(page: Page): Promise<{ name: string; value: string }[]> {
  const row = page.locator('#turns > li', { has: page.getByText('answered') }).first();
  const names = await row.locator('dt').allTextContents();
  const values = await row.locator('dd').evaluateAll((all) => all.map((each) => each.firstChild?.textContent ?? ''));
  return names.map((name, i) => ({ name, value: values[i] ?? '' }));
}

function millisecondsOf(text: string): number {
  return Number.parseFloat(text) * (/\d s$/.test(text) ? 1000 : 1);
}

function litStates(page: Page): Promise<string[]> {
  return page
    .locator('#statechart .lit')
    .evaluateAll((all) => all.map((each) => each.getAttribute('data-state') ?? '').sort());
}

/** The page in both themes, and on a phone. */
async function pictures(page: Page): Promise<void> {
  if (PICTURES === undefined) return;
  const take = async (name: string, colorScheme: 'light' | 'dark', width: number, height: number) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    // Until the charts have been drawn again, with the next reading of the meters.
    await page.evaluate(() => new Promise((drawn) => setTimeout(drawn, 300)));
    await page.screenshot({ path: join(PICTURES, `page-${name}.png`), fullPage: name !== 'phone' });
  };
  await take('light', 'light', 1240, 900);
  await take('dark', 'dark', 1240, 900);
  await take('phone', 'light', 390, 844);
  await page.setViewportSize({ width: 1240, height: 900 });
}
