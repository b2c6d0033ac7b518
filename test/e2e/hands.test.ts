import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { messageOf } from '../../src/errors.js';
import { loadLibgpiod } from '../../src/hands/libgpiod.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { simulateChip, whyNoChip } from '../helpers/gpio-chip.js';
import { furnish } from '../helpers/room.js';
import { say } from '../helpers/speech.js';

const BUTTON = 17;
const LED = 27;
const skip = whyNoChip() || (await loadLibgpiod().then(() => false, messageOf));

/** Shorter than the shortest pattern of single flashes, and longer than the flashes in it. */
const LOOK_MS = 2_500;

/** Longer than the conversation, at each of whose states a hook hangs. */
const HOOK_LIMIT_MS = 8_000;

describe('a button and an LED', { skip }, () => {
  it('begin, show and end a conversation, mute, and are taken again when they were gone', async (test) => {
    const chip = await simulateChip(test);
    const hookFile = `${chip.path}.hook`;
    const { server, device } = await furnish(test, {
      flags: [
        '--hotword.engine=none',
        '--mic.backend=parecord',
        '--speaker.backend=pacat',
        `--gpio.chip=${chip.path}`,
        `--gpio.button=GPIO${BUTTON}`,
        `--gpio.led=${LED}`,
        `--hooks.on={ "button.pressed" = ["sh", "-c", "env >>${hookFile}"], "state.changed" = ["sleep", "60"] }`,
        `--hooks.timeout_ms=${HOOK_LIMIT_MS}`,
        '--hooks.at_once=32',
      ],
      variables: { ...chip.variables, A_SECRET: 'not for hooks' },
    });
    const { button, led } = await device.waitFor('gpio.ready', { where: (line) => line.led !== '' });
    assert.deepEqual([button, led], [`GPIO17, line 17 of ${chip.path}`, `line 27 of ${chip.path}`]);
    const [asked] = chip.requests;
    assert.deepEqual([asked?.line, asked?.edges, asked?.consumer], [BUTTON, 3, 'tars-client']);
    // Active low and pulled up, as linux/gpio.h has it for either interface.
    assert.equal(asked?.flags, asked?.uapi === 'v2' ? 0x136 : 0x25);

    /** How often the LED was lit between two moments, and whether it is at the end. */
    const flashes = (fromMs: number) => chip.values(LED).filter(({ isOn, atMs }) => isOn && atMs >= fromMs).length;
    const isSteady = () => chip.values(LED).at(-1)?.isOn === true;
    /** How many flashes follow within 2.5 s, counted from the next one on. */
    const look = async () => {
      const fromMs = performance.now();
      await chip.until(() => flashes(fromMs) > 0, 'a flash');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      return flashes(fromMs);
    };
    assert.equal(await look(), 1, 'listening');
    const hanging = () => device.children().filter(({ command }) => /\bsleep\b.*60/.test(command)).length;

    // Bouncing at both ends.
    const pressedMs = performance.now();
    await chip.contact(BUTTON, 0, 2, 3, 1, 5, 100, 2, 2);
    await server.next('hotword_detected');
    test.diagnostic(
      `uapi ${asked?.uapi}; from the release of the button to the server ${Math.round(performance.now() - pressedMs - 111)} ms`,
    );
    const { press } = await device.waitFor('button.pressed');
    assert.equal(press, 'short');
    await device.waitForState('activeSession.userTurn');
    await chip.until(isSteady, 'lit in the person\u2019s turn');
    const turnMs = performance.now();
    await answer(server, await say('The button works.'), { speed: 3 });
    await chip.until(() => flashes(turnMs) >= 1, 'gaps while it speaks');
    await device.waitForState('activeSession.userTurn');

    await chip.contact(BUTTON, 0, 120);
    const { reason } = await device.waitFor('session.ended');
    assert.equal(reason, 'user');
    await device.waitForState('listening');
    const tookMs = performance.now() - pressedMs;
    assert.ok(tookMs < HOOK_LIMIT_MS, `the conversation took ${tookMs} ms: it waited for a hook`);
    assert.ok(hanging() >= 3, 'a hook hangs for each state');

    device.mark();
    await chip.contact(BUTTON, 0);
    await device.waitFor('button.pressed', { where: (line) => line.press === 'long' });
    await device.waitForState('idle');
    const mutedMs = performance.now();
    await chip.contact(BUTTON, 200);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS - 200));
    assert.equal(flashes(mutedMs - 100), 3, 'muted');
    await chip.contact(BUTTON, 0, 1000);
    await device.waitForState('listening');
    assert.equal(device.all('button.pressed').length, 4);

    device.mark();
    chip.isGone = true;
    const { why } = await device.waitFor('gpio.lost');
    assert.match(why, /gpiochip0: ENODEV: /);
    chip.isGone = false;
    await device.waitFor('gpio.ready', { where: (line) => line.button !== '' && line.led !== '' });
    assert.equal(device.state, 'listening');

    const told = await readFile(hookFile, 'utf8');
    assert.deepEqual(
      told.match(/^TARS_PRESS=.*/gm)?.toSorted(),
      ['long', 'long', 'short', 'short'].map((each) => `TARS_PRESS=${each}`),
    );
    assert.doesNotMatch(told, /SECRET|GPIO_CHIP/);

    device.mark();
    await chip.contact(BUTTON, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    chip.bounce(BUTTON, 17);
    const { press: bounced } = await device.waitFor('button.pressed');
    assert.equal(bounced, 'short', 'the edge of its release may have been the 17th');

    await device.waitForText('a hook took too long and was ended');
    assert.ok(hanging() > 0, 'of the last states, for the end of the device');
    // Fails where it leaves one behind.
    await device.stop();
    assert.equal(chip.values(LED).at(-1)?.isOn, false, 'dark when the device has ended');
  });
});
