import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What `npm run package` made. */
export interface Packages {
  tarball: string;
  deb: string;
}

/** Makes the packages of the checkout. Throws with its output where that fails. */
export function makePackages(): Packages {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'package'], { encoding: 'utf8' });
  const [tarball, deb] = ['tar.gz', 'deb'].map((end) => new RegExp(`packages/\\S+\\.${end}`).exec(stderr)?.[0]);
  if (status !== 0 || !tarball || !deb) throw new Error(`npm run package: ${stderr}`);
  return { tarball: resolve(tarball), deb: resolve(deb) };
}

/** Why no packages can be made here; false where they can. */
export function whyNoPackages(): string | false {
  const missing = ['patchelf', 'strip', 'dpkg-deb'].filter((tool) => spawnSync(tool, ['--version']).error);
  return missing.length > 0 && `${missing.join(', ')} not here: apt-get install patchelf binutils dpkg`;
}

/** A Debian package that is the same but for its version. */
export function debOfVersion(deb: string, version: string): { path: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'tars-deb-'));
  const [tree, path] = [join(folder, 'tree'), join(folder, 'next.deb')];
  run('dpkg-deb', '-R', deb, tree);
  const control = join(tree, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`));
  run('dpkg-deb', '--root-owner-group', '-Znone', '-b', tree, path);
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
