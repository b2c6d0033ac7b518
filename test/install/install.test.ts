import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MemoryLimit, whyNoLimit } from '../helpers/memory-limit.js';
import { type DebianRoot, whyNoRoot } from './debian-root.js';
import {
  assertReady,
  CONFIG,
  freshRoot,
  ok,
  ROOM,
  STATE,
  stateOf,
  TOKEN,
  unpack,
  until,
  versionIn,
} from './installed.js';
import { makePackages, type Packages, whyNoPackages } from './release.js';

const ACCESS_KEY = 'etc/tars-client/credentials/porcupine-access-key';
/** The memory of the smallest Raspberry Pi that the program is made for. */
const MEMORY_LIMIT_MIB = 512;
const skip = whyNoRoot() || whyNoPackages();

let packages: Packages;
before(() => {
  if (!skip) packages = makePackages();
});

const currentOf = (root: DebianRoot) => root.run('readlink /opt/tars-client/current').text.trim();
const releasesOf = (root: DebianRoot) => root.run('ls /opt/tars-client/releases').text.trim().split('\n').length;

describe('systemd/install.sh of the tarball, in a fresh Debian', { skip }, () => {
  let root: DebianRoot;
  before(async () => {
    root = await freshRoot();
    ok(root.run('groupadd --system gpio'));
    for (const name of ['one', 'two', 'broken']) unpack(packages.tarball, root, name);
    for (const name of ['two', 'broken']) {
      const file = `srv/${name}/package.json`;
      root.write(
        file,
        root.read(file).replace(/"version": ".*"/, `"version": "${name === 'two' ? '9.0.0' : '9.0.1'}"`),
      );
    }
    ok(root.run('chmod -R go= /srv/two')); // as unpacked under umask 077
    root.write('srv/broken/dist/src/app.js', 'throw new Error("a release that cannot work");\n');
  });
  after(() => root[Symbol.dispose]());

  const install = (from: string, options: string, limitMs?: number) =>
    root.run(`/srv/${from}/systemd/install.sh ${options}`, limitMs);

  it('with --dry-run says what it would do and does nothing', () => {
    const before = root.files();
    const { code, text } = install('one', '--dry-run');
    assert.equal(code, 0, text);
    assert.match(text, /would run: systemctl enable tars-client\.service/);
    assert.match(text, /would write: \/etc\/tars-client\/config\.toml/);
    assert.deepEqual(root.files(), before);
    assert.equal(root.run('dpkg -s alsa-utils').code, 1);
  });

  it('with --no-start installs packages, release, command and configuration, and starts nothing', () => {
    ok(install('one', 'install --no-start'));
    ok(root.run('dpkg -s alsa-utils libpocketsphinx3'));
    assert.match(versionIn(root), /^0\.\d/);
    assert.equal(root.read(CONFIG), root.read('srv/one/config/pi.toml'));
    assert.equal(root.modeOf('etc/tars-client/credentials'), 0o700);
    assert.match(root.read('etc/systemd/system/tars-client.service.d/gpio.conf'), /^SupplementaryGroups=gpio$/m);
    assert.equal(stateOf(root, 'ActiveState'), 'inactive');
  });

  it('asks for the secrets on a terminal, and shows neither', async () => {
    await using terminal = root.onTerminal('/srv/one/systemd/install.sh install --no-start');
    await terminal.untilLine(/^Token of the assistant server \(Enter: none\):$/);
    terminal.type('typed-token\r');
    await terminal.untilLine(/^Access key of Picovoice \(Enter: none\):$/);
    terminal.type('typed-key\r');
    assert.equal(await terminal.exited(60_000), 0, terminal.screen.raw);
    assert.doesNotMatch(terminal.screen.raw, /typed-/);
    assert.deepEqual([root.read(TOKEN), root.read(ACCESS_KEY)], ['typed-token\n', 'typed-key\n']);
    assert.deepEqual([root.modeOf(TOKEN), root.modeOf(ACCESS_KEY)], [0o600, 0o600]);
  });

  it('takes the secrets from files, and leaves nothing of what is no file', () => {
    ok(install('one', 'install --no-start --token-file /srv/token --access-key-file /srv/token'));
    assert.deepEqual([root.read(TOKEN), root.read(ACCESS_KEY)], ['a-secret\n', 'a-secret\n']);
    ok(root.run(`rm /${TOKEN} /${ACCESS_KEY}`));
    const { code, text } = install('one', 'install --no-start --token-file /srv');
    assert.equal(code, 1);
    assert.match(text, /--token-file needs a file that can be read, not \/srv/);
    assert.deepEqual(root.run('ls /etc/tars-client/credentials').text, '');
  });

  it('refuses to run beside itself, and a Node that the service cannot see', () => {
    const second = root.run('flock /run/tars-client-install.lock /srv/one/systemd/install.sh install --no-start');
    assert.equal(second.code, 1);
    assert.match(second.text, /another install\.sh is at work/);
    ok(root.run('mkdir -p /home/someone && cp /usr/bin/node /home/someone && ln -s /home/someone/node /usr/local/bin'));
    const hidden = install('one', 'install --no-start');
    ok(root.run('rm -r /home/someone /usr/local/bin/node'));
    assert.equal(hidden.code, 1);
    assert.match(hidden.text, /the service cannot see \/usr\/local\/bin\/node/);
  });

  it('where the device does not become ready lets the doctor say why', () => {
    const { code, text } = install('one', 'install --ready-within 3');
    assert.equal(code, 1);
    assert.match(text, /✗ sound +neither a microphone nor a loudspeaker .* → plug one in/);
    assert.doesNotMatch(text, /! service/, 'it was stopped for the doctor');
    assert.match(text, /installed but not ready; it goes on trying/);
    assert.equal(stateOf(root, 'ActiveState'), 'activating');
  });

  it('starts the service, waits until it listens, and lets the doctor look', () => {
    root.write(CONFIG, root.read(CONFIG) + ROOM);
    const run = install('one', 'install --token-file /srv/token');
    ok(run);
    assert.match(run.text, /hotword +pocketsphinx listens for "hey tars"/, 'the doctor');
    assertReady(root);
    assert.equal(root.read(TOKEN), 'a-secret\n');
    assert.equal(root.modeOf(TOKEN), 0o600);
    ok(root.run('systemctl is-enabled tars-client.service'));
    assert.match(root.run('tars-client config').text, /server-token/, 'root sees the secrets of the service');
  });

  it('lets the command see what the service stored, and gives what root stores to the service', () => {
    root.write(`${STATE}/tuned.toml`, 'mic.gain_db = 3.5\n');
    ok(root.run(`mkdir /${STATE}/models && touch /${STATE}/models/new.onnx`));
    assert.match(root.run('tars-client config').text, /gain_db = 3\.5 .*tuned\.toml/);
    ok(root.run('tars-client models list'));
    const owners = root.run(`cd /${STATE} && stat -c %U . tuned.toml models models/new.onnx`).text;
    assert.equal(owners, 'nobody\n'.repeat(4));
    ok(root.run(`rm -r /${STATE}/models /${STATE}/tuned.toml`));
    const user = root.run('setpriv --reuid=12345 --regid=12345 --clear-groups tars-client doctor');
    assert.match(user.text, /only root sees the service's secrets and what it stored: sudo tars-client doctor/);
  });

  it('does it all again without harm', () => {
    const [files, config] = [root.files(), root.read(CONFIG)];
    ok(install('one', 'install'));
    assertReady(root);
    assert.deepEqual(root.files(), files);
    assert.equal(root.read(CONFIG), config);
  });

  it('upgrades, and keeps configuration, secrets and the release before', () => {
    const config = root.read(CONFIG);
    const wants = '/home/someone/.config/systemd/user/default.target.wants';
    ok(root.run(`useradd someone && mkdir -p ${wants} && ln -s /etc/systemd/user/tars-client.service ${wants}`));
    const run = install('two', 'upgrade');
    ok(run);
    assert.match(run.text, /runs as a service of someone, .* systemctl --user restart tars-client/);
    ok(root.run('rm -r /home/someone'));
    assertReady(root);
    assert.equal(versionIn(root), '9.0.0');
    assert.equal(root.read(CONFIG), config);
    assert.equal(root.read(TOKEN), 'a-secret\n');
    assert.equal(releasesOf(root), 2);
  });

  it('goes back from a release that does not become ready, and says so', () => {
    const [files, current] = [root.files(), currentOf(root)];
    const { code, text } = install('broken', 'upgrade --ready-within 4');
    assert.equal(code, 1);
    assert.match(text, /did not become ready; going back to 9\.0\.0-\d+\n[\s\S]*9\.0\.0-\d+ runs again/);
    assertReady(root);
    assert.equal(currentOf(root), current);
    assert.deepEqual(
      root.files().filter((file) => !files.includes(file)),
      [],
    );
  });

  it('goes back when Ctrl-C comes or the terminal is lost before the new release is ready', async () => {
    const [files, current] = [root.files(), currentOf(root)];
    for (const leave of ['interrupt', 'lose']) {
      await using terminal = root.onTerminal('/srv/broken/systemd/install.sh upgrade');
      await terminal.untilShown(/waiting up to 60 s until the device is ready/, 60_000);
      if (leave === 'interrupt') {
        terminal.type('\u0003');
        assert.equal(await terminal.exited(60_000), 130, terminal.screen.raw);
      } else {
        await terminal.close();
        ok(root.run('flock /run/tars-client-install.lock true', 60_000)); // it goes on without a terminal
      }
      assertReady(root);
      assert.equal(currentOf(root), current);
      assert.deepEqual(root.files(), files);
    }
  });

  it('starts the service again when Ctrl-C comes while the doctor looks', async () => {
    await using terminal = root.onTerminal('/srv/two/systemd/install.sh install');
    await terminal.untilLine(/^Access key of Picovoice/);
    terminal.type('\r');
    await terminal.untilShown(/✓ node /, 120_000);
    terminal.type('\u0003');
    assert.equal(await terminal.exited(60_000), 130, terminal.screen.raw);
    ok(install('two', 'rollback --dry-run'));
    until(root, 'systemctl is-active tars-client.service');
    assertReady(root);
  });

  it('keeps a release that was there already when an upgrade to it fails; a rollback to it fails too', () => {
    const [files, kept] = [root.files(), root.run('readlink /opt/tars-client/previous').text.trim()];
    const app = `/opt/tars-client/${kept}/dist/src/app.js`;
    ok(root.run(`mv ${app} /srv/app.js && echo 'throw new Error("broken");' >${app}`));
    assert.equal(install('one', 'upgrade --ready-within 4').code, 1);
    assertReady(root);
    assert.deepEqual(root.files(), files);

    ok(root.run(`mv /opt/tars-client/${kept}/systemd/tars-client-user.service /srv/`));
    const back = install('two', 'rollback --ready-within 4');
    assert.equal(back.code, 1, back.text);
    assert.match(back.text, /the service is activating/);
    assert.equal(currentOf(root), kept);
    assert.notEqual(root.read('etc/systemd/user/tars-client.service'), '', 'a release without this unit');
    ok(root.run(`mv /srv/app.js ${app} && mv /srv/tars-client-user.service /opt/tars-client/${kept}/systemd/`));
    ok(install('two', 'rollback'));
    assertReady(root);
    assert.deepEqual(root.files(), files);
  });

  it('goes back also where its owner had stopped the service: nothing is known against the release before', () => {
    const current = currentOf(root);
    ok(root.run('systemctl stop tars-client.service'));
    const { code, text } = install('broken', 'upgrade --ready-within 4');
    assert.equal(code, 1);
    assert.match(text, /did not become ready; going back to 9\.0\.0-\d+\n[\s\S]*9\.0\.0-\d+ runs again/);
    assertReady(root);
    assert.equal(currentOf(root), current);
  });

  it('leaves a service that its owner has switched off alone', () => {
    ok(root.run('systemctl disable --now tars-client.service'));
    const run = install('two', 'upgrade');
    ok(run);
    assert.match(run.text, /the service was switched off and stays so/);
    assert.equal(stateOf(root, 'ActiveState'), 'inactive');
    assert.notEqual(root.run('systemctl is-enabled tars-client.service').code, 0);
    ok(install('two', 'install'));
    assertReady(root);
  });

  it('goes back by hand', () => {
    ok(install('two', 'rollback'));
    assertReady(root);
    assert.match(versionIn(root), /^0\.\d/);
  });

  it('goes back by hand where the service is off, and leaves it off', () => {
    const current = currentOf(root);
    ok(root.run('systemctl disable --now tars-client.service'));
    ok(install('broken', 'upgrade'));
    assert.equal(versionIn(root), '9.0.1');
    ok(install('one', 'rollback'));
    assert.equal(currentOf(root), current);
    assert.equal(stateOf(root, 'ActiveState'), 'inactive');
    assert.notEqual(root.run('systemctl is-enabled tars-client.service').code, 0);
    ok(install('one', 'install'));
    assertReady(root);
  });

  it('refuses a release for another kind of machine', () => {
    root.write('srv/broken/BUILT-FOR', 'sparc 115\n');
    const { code, text } = install('broken', 'upgrade');
    assert.equal(code, 1);
    assert.match(text, /this release is for sparc, this machine's Node is \w+: take the release for/);
  });

  it('refuses a checkout whose dist/ is not up to date, and builds nothing there', () => {
    ok(
      root.run(
        'cp -r /srv/one /srv/checkout && cd /srv/checkout && rm -rf BUILT-FOR node_modules && touch dist/.built',
      ),
    );
    ok(root.run('cd /srv/checkout && mkdir -p src && touch -d "1 minute" src/new.ts'));
    const { code, text } = install('checkout', 'upgrade');
    assert.equal(code, 1);
    assert.match(text, /older than the sources: run \.\/setup\.sh first \(as yourself\)/);
    assert.equal(root.has('srv/checkout/node_modules'), false);
  });

  it('says what to type where Node is too old', () => {
    ok(root.run('printf "#!/bin/sh\\necho v18.19.0\\n" >/usr/local/bin/node && chmod +x /usr/local/bin/node'));
    const { code, text } = install('two', 'upgrade');
    ok(root.run('rm /usr/local/bin/node'));
    assert.equal(code, 1);
    assert.match(text, /Node 20 or newer .* found Node v18\.19\.0[\s\S]*apt-get install nodejs/);
    ok(root.run('mv /usr/bin/node /srv/node'));
    const dry = install('two', 'upgrade --dry-run');
    ok(root.run('mv /srv/node /usr/bin/node'));
    assert.equal(dry.code, 1);
    assert.match(dry.text, /^setup: Node 20 or newer .* found Node none[\s\S]*apt-get install nodejs/);
  });

  it('uninstalls: service and program are gone, the configuration stays; --purge takes it too', () => {
    ok(install('two', 'uninstall'));
    assert.deepEqual(root.processes(), []);
    const left = () => root.files().filter((file) => file.includes('tars'));
    assert.deepEqual(
      left(),
      ['etc/tars-client', 'etc/tars-client/config.toml', 'etc/tars-client/credentials', TOKEN].sort(),
    );
    ok(install('two', 'uninstall --purge'));
    assert.deepEqual(left(), []);
    assert.notEqual(root.run('tars-client --version').code, 0);
  });
});

describe('the tarball in a fresh Debian', { skip: skip || whyNoLimit() }, () => {
  it(`becomes a device that listens by one command, within ${MEMORY_LIMIT_MIB} MiB of memory`, async (test) => {
    using limit = new MemoryLimit(MEMORY_LIMIT_MIB);
    using root = await freshRoot();
    ok(root.run('mkdir /etc/tars-client'));
    root.write(CONFIG, ROOM);
    unpack(packages.tarball, root, 'one');
    const beganMs = performance.now();
    ok(root.run('/srv/one/systemd/install.sh install', 600_000, limit.door));
    assertReady(root);
    test.diagnostic(
      `${Math.round((performance.now() - beganMs) / 1000)} s, at most ${Math.round(limit.peakMib)} MiB with page cache`,
    );
    assert.equal(limit.killed, 0);
    assert.ok(limit.peakMib <= MEMORY_LIMIT_MIB);
  });
});
