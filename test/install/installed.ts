import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { type Answer, DebianRoot } from './debian-root.js';

/** In a root. */
export const CONFIG = 'etc/tars-client/config.toml';
export const TOKEN = 'etc/tars-client/credentials/server-token';
export const STATE = 'var/lib/tars-client';
/** A room for a machine without sound: a recording of silence, and a file to play into. */
export const ROOM = `
[mic]
backend = "file"
device = "/srv/silence.wav"
[speaker]
backend = "file"
device = "/tmp/played.wav"
`;

/** Fails unless a command in a root did its work. */
export function ok({ code, text }: Answer): void {
  assert.equal(code, 0, text);
}

/** A property of the service, as `systemctl show` has it. */
export function stateOf(root: DebianRoot, property: string): string {
  return root.run(`systemctl show tars-client.service --property=${property} --value`).text.trim();
}

/** The version that the installed program tells. */
export function versionIn(root: DebianRoot): string {
  return root.run('tars-client --version').text.trim();
}

/** Fails unless the service says that it listens. */
export function assertReady(root: DebianRoot): void {
  const journal = root.has('run/fake-systemd/journal') ? root.read('run/fake-systemd/journal') : '';
  assert.equal(stateOf(root, 'ActiveState'), 'active', journal);
  assert.match(stateOf(root, 'StatusText'), /^Listening for "hey tars"/);
}

/** Waits up to a minute until a command in the root succeeds. */
export function until(root: DebianRoot, command: string): void {
  ok(root.run(`timeout 60 sh -c 'until ${command}; do sleep 0.2; done'`));
}

/** A root with what `ROOM` needs, and a token in /srv/token. */
export async function freshRoot(): Promise<DebianRoot> {
  const root = new DebianRoot();
  await writeWav(join(root.path, 'srv/silence.wav'), new Int16Array(16_000), 16_000);
  root.write('srv/token', 'a-secret\n');
  return root;
}

/** Unpacks a release into a folder of /srv. */
export function unpack(tarball: string, root: DebianRoot, name: string): void {
  const folder = join(root.path, 'srv', name);
  mkdirSync(folder);
  const { status, stderr } = spawnSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  assert.equal(status, 0, String(stderr));
}
