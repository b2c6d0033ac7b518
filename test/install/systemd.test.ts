import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { whyNoNamespaces } from '../helpers/namespaces.js';
import { type DebianRoot, whyNoRoot } from './debian-root.js';
import { assertReady, CONFIG, freshRoot, ok, ROOM, stateOf, TOKEN, unpack } from './installed.js';
import { makePackages, type Packages, whyNoPackages } from './release.js';

const skip = whyNoRoot() || whyNoPackages() || whyNoNamespaces();
/** systemd gives its dynamic users numbers from here on. */
const FIRST_DYNAMIC_USER = 61_184;

describe('a fresh Debian that its own systemd runs', { skip }, () => {
  let packages: Packages;
  let root: DebianRoot;
  before(async () => {
    packages = makePackages();
    root = await freshRoot();
    await root.boot();
    ok(root.run('mkdir /etc/tars-client'));
    root.write(CONFIG, ROOM);
    for (const name of ['one', 'broken']) unpack(packages.tarball, root, name);
    root.write('srv/broken/dist/src/app.js', 'throw new Error("a release that cannot work");\n');
  });
  after(async () => {
    await root.halt();
    root[Symbol.dispose]();
  });
  const userOf = (pid: string) => Number(root.run(`stat -c %u /proc/${pid}`).text);

  it('has a device that listens after install.sh, in its sandbox', (test) => {
    ok(root.run('/srv/one/systemd/install.sh install --token-file /srv/token'));
    assertReady(root);
    assert.ok(userOf(stateOf(root, 'MainPID')) >= FIRST_DYNAMIC_USER);
    assert.equal(root.read(TOKEN), 'a-secret\n');
    ok(root.run('systemctl is-enabled tars-client.service'));
    test.diagnostic(root.run('systemctl --version').text.split('\n')[0] ?? '');
  });

  it('goes back from a release that does not become ready', () => {
    const { code, text } = root.run('/srv/broken/systemd/install.sh upgrade --ready-within 10');
    assert.equal(code, 1);
    assert.match(text, /did not become ready; going back to [\s\S]* runs again/);
    assertReady(root);
  });

  it('reloads, restarts and stops it as the README says', () => {
    ok(root.run('systemctl reload tars-client'));
    ok(
      root.run(
        'timeout 20 sh -c "until systemctl show -p StatusText tars-client | grep -q Listening; do sleep 0.1; done"',
      ),
    );
    assertReady(root);
    ok(root.run('systemctl restart tars-client'));
    assertReady(root);
    assert.match(root.run('systemctl status tars-client --no-pager').text, /Status: "Listening for "hey tars"/);
    assert.match(root.run('journalctl -u tars-client --no-pager').text, /"event":"state\.changed".*"to":"listening"/);
    ok(root.run('systemctl stop tars-client; tars-client doctor; systemctl start tars-client'));
    assertReady(root);
  });

  it('is rid of it after the uninstallation, and takes the Debian package', () => {
    ok(root.run('/opt/tars-client/current/systemd/install.sh uninstall'));
    assert.equal(stateOf(root, 'LoadState'), 'not-found');
    root.bring(packages.deb, 'srv/tars-client.deb');
    ok(root.run('apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold /srv/tars-client.deb'));
    assertReady(root);
    ok(root.run('dpkg --purge tars-client'));
    assert.equal(stateOf(root, 'LoadState'), 'not-found');
  });
});
