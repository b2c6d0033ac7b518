import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { whyNoRoot } from './debian-root.js';
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
import { debOfVersion, makePackages, type Packages, whyNoPackages } from './release.js';

const skip = whyNoRoot() || whyNoPackages();

let packages: Packages;
before(() => {
  if (!skip) packages = makePackages();
});

describe('the Debian package', { skip }, () => {
  it('gives lintian no error', {
    skip: spawnSync('lintian', ['--version']).error ? 'lintian is not here' : false,
  }, () => {
    const { status, stdout } = spawnSync('lintian', ['--fail-on', 'error', '--allow-root', packages.deb], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
  });

  it('installs, keeps the configuration when it is upgraded, and leaves nothing when it is purged', async () => {
    using root = await freshRoot();
    root.bring(packages.deb, 'srv/tars-client.deb');
    using next = debOfVersion(packages.deb, '9.0.0');
    root.bring(next.path, 'srv/next.deb');
    const before = root.files();
    // An administrator's configuration from before is kept, as dpkg asks with this option.
    ok(root.run('mkdir /etc/tars-client && groupadd --system gpio'));
    root.write(CONFIG, ROOM);

    const installed = root.run(
      'apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold /srv/tars-client.deb',
    );
    ok(installed);
    assert.match(installed.text, /the service is active: Listening for "hey tars"/);
    assertReady(root);
    assert.match(versionIn(root), /^0\.\d/);
    ok(root.run('systemctl is-enabled tars-client.service'));
    assert.equal(root.modeOf('etc/tars-client/credentials'), 0o700);
    assert.equal(root.read(CONFIG), ROOM);
    assert.ok(root.has('etc/systemd/system/tars-client.service.d/gpio.conf'));
    root.write(TOKEN, 'a-secret\n');

    ok(root.run('dpkg --force-confold -i /srv/next.deb'));
    assertReady(root);
    assert.match(root.run('dpkg -s tars-client').text, /^Version: 9\.0\.0$/m);
    assert.equal(root.read(CONFIG), ROOM);
    assert.equal(root.read(TOKEN), 'a-secret\n');

    ok(root.run('systemctl disable --now tars-client.service'));
    ok(root.run('dpkg --force-confold -i /srv/next.deb'));
    assert.equal(stateOf(root, 'ActiveState'), 'inactive', 'switched off by its owner');
    assert.notEqual(root.run('systemctl is-enabled tars-client.service').code, 0);
    ok(root.run('systemctl enable tars-client.service && systemctl start tars-client.service'));

    ok(root.run('dpkg --remove tars-client'));
    assert.deepEqual(root.processes(), []);
    assert.ok(root.has(CONFIG));
    ok(root.run('dpkg --purge tars-client'));
    assert.deepEqual(
      root.files().filter((file) => !before.includes(file) && file.includes('tars')),
      [],
    );
  });

  it('lets the doctor look where the device cannot work', async () => {
    using root = await freshRoot();
    root.bring(packages.deb, 'srv/tars-client.deb');
    ok(root.run('mkdir /etc/tars-client'));
    root.write(CONFIG, '[mic]\ngain_db = "loud"\n');
    const { code, text } = root.run(
      'apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold /srv/tars-client.deb',
    );
    assert.equal(code, 0, text);
    assert.match(text, /✗ configuration .*mic\.gain_db/);
    // Started once more after the doctor, and not again: it is for a person to mend.
    until(root, 'systemctl show tars-client.service --property=ActiveState --value | grep -qx failed');
  });

  it('is installed where the policy forbids starting, and then is not started', async () => {
    using root = await freshRoot();
    root.bring(packages.deb, 'srv/tars-client.deb');
    ok(root.run('printf "#!/bin/sh\\nexit 101\\n" >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d'));
    ok(root.run('apt-get install -y --no-install-recommends /srv/tars-client.deb'));
    assert.equal(stateOf(root, 'ActiveState'), 'inactive');
    ok(root.run('systemctl is-enabled tars-client.service'));
  });

  it('does not mix with the tarball, in any order', async () => {
    using root = await freshRoot();
    root.bring(packages.deb, 'srv/tars-client.deb');
    unpack(packages.tarball, root, 'one');
    ok(root.run('printf "#!/bin/sh\\nexit 101\\n" >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d'));
    ok(root.run('mkdir -p /opt/tars-client/releases/one && ln -s releases/one /opt/tars-client/current'));
    const over = root.run('apt-get install -y --no-install-recommends /srv/tars-client.deb');
    assert.notEqual(over.code, 0);
    assert.match(over.text, /\/opt\/tars-client holds this program .*install\.sh uninstall/);
    assert.equal(root.has(CONFIG), false);
    ok(root.run('rm -r /opt/tars-client'));

    ok(root.run('apt-get install -y --no-install-recommends /srv/tars-client.deb'));
    const beside = root.run('/srv/one/systemd/install.sh install --no-start');
    assert.equal(beside.code, 1);
    assert.match(beside.text, /installed as a Debian package .* apt-get purge tars-client/);
    assert.equal(root.has('opt/tars-client'), false);
    root.write(TOKEN, 'a-secret\n');
    ok(root.run('/srv/one/systemd/install.sh uninstall --purge'));
    assert.ok(root.has(CONFIG) && root.has(TOKEN), 'they are the package’s');
    ok(root.run('systemctl is-enabled tars-client.service'));

    ok(root.run('dpkg --remove tars-client'));
    const rest = root.run('/srv/one/systemd/install.sh install --no-start');
    assert.equal(rest.code, 1);
    assert.match(rest.text, /its configuration is still there/);
    // As where the two were mixed before that was refused.
    ok(root.run(`mkdir -p /opt/tars-client/releases/one /${STATE} && ln -s releases/one /opt/tars-client/current`));
    ok(root.run('dpkg --purge tars-client'));
    assert.ok(root.has(TOKEN) && root.has(STATE), 'they are the tarball’s');
  });
});
