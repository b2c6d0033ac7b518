import assert from 'node:assert/strict';
import { rmSync, utimesSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ALL_PACKAGES, Machine, type SetupRun } from './machine.js';

const calls = (run: SetupRun, start: string) => run.calls.filter((call) => call.startsWith(start));
const ok = (run: SetupRun) => assert.equal(run.code, 0, run.stderr);

describe('setup.sh on a Debian machine', () => {
  it('installs the modules without their scripts, builds the native ones and then the program', () => {
    using machine = new Machine();
    const run = machine.setup();
    ok(run);
    assert.deepEqual(
      calls(run, 'npm').map((call) => call.replace(/ --\S+/g, '')),
      [
        'npm ci',
        'npm rebuild segfault-handler',
        'npm rebuild naudiodon',
        'npm rebuild speaker',
        'npm rebuild koffi',
      ].concat('npm run build'),
    );
    assert.match(calls(run, 'npm ci')[0] ?? '', /--ignore-scripts .*--include=dev/);
    assert.equal(run.stdout, '');
    assert.deepEqual(calls(run, 'apt-get'), []);
  });

  it('does nothing and says nothing the second time, in less than half a second', () => {
    using machine = new Machine();
    ok(machine.setup('--test'));
    const durationsMs = [1, 2, 3].map(() => {
      const startMs = performance.now();
      const run = machine.setup('--test');
      const durationMs = performance.now() - startMs;
      assert.deepEqual([run.code, run.stdout, run.stderr], [0, '', '']);
      assert.deepEqual([calls(run, 'npm'), calls(run, 'apt')], [[], []]);
      return durationMs;
    });
    assert.ok(Math.min(...durationsMs) < 500, `took ${durationsMs.join(', ')} ms`);
  });

  it('installs the modules again when the lock file or Node changes', () => {
    using machine = new Machine();
    ok(machine.setup());
    machine.write('package-lock.json', '{"changed": true}');
    assert.equal(calls(machine.setup(), 'npm ci').length, 1);
    machine.write('state/node-version', 'v22.1.0');
    assert.equal(calls(machine.setup(), 'npm ci').length, 1);
    assert.equal(calls(machine.setup(), 'npm ci').length, 0);
  });

  it('builds again when a source is newer, and removes what lost its source', () => {
    using machine = new Machine();
    ok(machine.setup());
    machine.write('dist/src/gone.js', '');
    machine.write('src/copied.js', '');
    machine.write('dist/src/copied.js', '');
    const laterS = Date.now() / 1000 + 60;
    utimesSync(machine.path('src/main.ts'), laterS, laterS);
    const run = machine.setup();
    assert.deepEqual(calls(run, 'npm'), ['npm run build']);
    const kept = ['gone.js', 'main.js', 'copied.js'].map((name) => machine.has(`dist/src/${name}`));
    assert.deepEqual(kept, [false, true, true]);
  });

  it('installs all missing packages at once as root, and the tests’ packages only with --test', () => {
    using machine = new Machine({ installed: ['flite'] });
    const run = machine.setup();
    ok(run);
    const wanted = ALL_PACKAGES.slice(0, 9).join(' ');
    assert.deepEqual(calls(run, 'apt-get').length, 1);
    assert.ok(calls(run, 'apt-get')[0]?.endsWith(`install -y --no-install-recommends ${wanted}`), run.calls.join('\n'));
    const test = machine.setup('--test');
    assert.ok(
      calls(test, 'apt-get')[0]?.endsWith(' pulseaudio pulseaudio-utils openssl procps systemd gpiod chromium'),
    );
    assert.deepEqual(calls(test, 'npm'), []);
  });

  it('updates the package lists first where there are none', () => {
    using machine = new Machine({ installed: [], known: [] });
    const run = machine.setup();
    ok(run);
    assert.deepEqual(
      calls(run, 'apt-get').map((call) => /update|install/.exec(call)?.[0]),
      ['update', 'install'],
    );
  });

  it('goes on without a package that the release no longer has, and does not ask for it again', () => {
    const remaining = ALL_PACKAGES.filter((name) => name !== 'libpocketsphinx3');
    using machine = new Machine({ installed: ['python3'], known: remaining, mirror: remaining });
    const run = machine.setup('--test');
    ok(run);
    assert.match(run.stderr, /apt has no package libpocketsphinx3/);
    assert.deepEqual(calls(machine.setup(), 'apt'), []);
  });

  it('stops when the package lists cannot be fetched, and does not take the packages for unavailable', () => {
    using machine = new Machine({ installed: [], known: [], broken: ['update'] });
    for (let attempt = 0; attempt < 2; attempt++) {
      const run = machine.setup();
      assert.equal(run.code, 1);
      assert.match(
        run.stderr,
        /apt-get update failed, and without it apt has no package build-essential[\s\S]*E: no route/,
      );
      assert.deepEqual(calls(run, 'npm'), []);
    }
  });

  it('tries again after an update when the installation fails, then names the packages, the error and the log', () => {
    using machine = new Machine({ installed: [], broken: ['apt'] });
    const run = machine.setup();
    assert.equal(run.code, 1);
    assert.deepEqual(
      calls(run, 'apt-get').map((call) => /update|install/.exec(call)?.[0]),
      ['install', 'update', 'install'],
    );
    assert.match(run.stderr, /apt-get install failed for: build-essential/);
    assert.match(run.stderr, /E: Failed to fetch/);
    assert.match(run.stderr, /setup\.log/);
    assert.deepEqual(calls(run, 'npm'), []);
  });

  it('uses sudo where it works without a password', () => {
    using machine = new Machine({ uid: 1000, installed: [] });
    const run = machine.setup();
    ok(run);
    assert.equal(calls(run, 'sudo -n env DEBIAN_FRONTEND=noninteractive apt-get').length, 1);
  });

  for (const [title, options] of [
    ['sudo is absent', { without: ['sudo'] }],
    ['sudo wants a password and there is no terminal', { broken: ['sudo'] }],
  ] as const) {
    it(`prints the one line to type and stops where ${title}`, () => {
      using machine = new Machine({ uid: 1000, installed: ALL_PACKAGES.slice(1), ...options });
      const run = machine.setup();
      assert.equal(run.code, 1);
      assert.match(run.stderr, /^ {2}apt-get update && apt-get install -y --no-install-recommends build-essential$/m);
      assert.deepEqual([calls(run, 'npm'), calls(run, 'apt-get')], [[], []]);
    });
  }
});

describe('setup.sh and the native packages', () => {
  it('mends naudiodon and speaker on 64-bit Arm before it builds them', () => {
    using machine = new Machine({ machine: 'aarch64', nodeArch: 'arm64', known: [...ALL_PACKAGES, 'libportaudio2'] });
    const run = machine.setup();
    ok(run);
    assert.ok(calls(run, 'apt-get')[0]?.endsWith(' libportaudio2'), 'nothing else is missing');
    assert.equal(machine.read('node_modules/naudiodon/portaudio/bin/libportaudio.so.2'), 'arm64');
    assert.ok(machine.has('node_modules/speaker/deps/mpg123/config/linux/arm64/config.h'));
  });

  it('gives naudiodon the C++ header that it forgets', () => {
    using machine = new Machine();
    ok(machine.setup());
    assert.match(machine.read('node_modules/naudiodon/build/Release/naudiodon.node'), /-include string$/);
  });

  it('leaves them alone under a 32-bit Node on a 64-bit kernel, and on x86-64', () => {
    for (const options of [{ machine: 'aarch64', nodeArch: 'arm' }, {}]) {
      using machine = new Machine({ ...options, installed: [...ALL_PACKAGES, 'libportaudio2'] });
      ok(machine.setup());
      assert.equal(machine.read('node_modules/naudiodon/portaudio/bin/libportaudio.so.2'), 'x86-64');
      assert.ok(!machine.has('node_modules/speaker/deps/mpg123/config/linux/arm64'));
    }
  });

  for (const [title, platform, options] of [
    ['x86-64', 'linux/x64', {}],
    [
      '64-bit Arm',
      'linux/arm64',
      { machine: 'aarch64', nodeArch: 'arm64', installed: [...ALL_PACKAGES, 'libportaudio2'] },
    ],
    ['a Mac', 'darwin/arm64', { system: 'Darwin', machine: 'arm64', nodeArch: 'arm64', without: ['apt-get'] }],
  ] as const) {
    it(`keeps of ONNX Runtime only what runs on ${title}`, () => {
      using machine = new Machine(options);
      ok(machine.setup());
      const every = ['linux', 'darwin', 'win32'].flatMap((system) => [`${system}/x64`, `${system}/arm64`]);
      const folder = 'node_modules/onnxruntime-node/bin/napi-v6';
      assert.deepEqual(
        every.filter((each) => machine.has(`${folder}/${each}/onnxruntime_binding.node`)),
        [platform],
      );
    });
  }

  it('says what takes the place of each that npm did not build, and goes on', () => {
    using machine = new Machine({ broken: ['naudiodon', 'speaker', 'koffi'] });
    const run = machine.setup();
    ok(run);
    assert.match(run.stderr, /naudiodon could not be built: .*arecord/);
    assert.match(run.stderr, /speaker could not be built: .*aplay/);
    assert.match(run.stderr, /koffi could not be built: .*PocketSphinx/);
    assert.doesNotMatch(run.stderr, /segfault-handler could not/);
    assert.ok(machine.has('dist/.built'));
    assert.equal(machine.setup().stderr, '', 'the next start is quiet');
  });
});

describe('setup.sh for a release', () => {
  it('with --packages installs what the program runs with, without npm and a compiler', () => {
    using machine = new Machine({ installed: [], without: ['npm'] });
    const run = machine.setup('--packages');
    ok(run);
    assert.match(
      calls(run, 'apt-get')[0] ?? '',
      /install -y --no-install-recommends ca-certificates alsa-utils .*flite$/,
    );
    assert.doesNotMatch(calls(run, 'apt-get')[0] ?? '', /build-essential|-dev/);
    assert.ok(!machine.has('node_modules'));
  });

  it('with --production leaves out what only development needs, and says what takes the place of what cannot be compiled', () => {
    using machine = new Machine({ installed: ALL_PACKAGES.slice(3) });
    const run = machine.setup('--production');
    ok(run);
    assert.match(calls(run, 'npm ci')[0] ?? '', /--omit=dev/);
    assert.deepEqual(
      calls(run, 'npm').map((call) => call.replace(/ --\S+/g, '')),
      ['npm ci', 'npm rebuild koffi'],
    );
    assert.match(run.stderr, /no c\+\+ here: .*arecord and aplay take their place/);
    assert.deepEqual(calls(run, 'apt-get'), []);
  });
});

describe('setup.sh elsewhere, and when something fails', () => {
  it('stops at an old or absent Node and says what to type', () => {
    for (const options of [{ nodeVersion: 'v18.19.0' }, { nodeVersion: 'v9.1.0' }, { without: ['node'] }]) {
      using machine = new Machine(options);
      const run = machine.setup();
      assert.equal(run.code, 1);
      assert.match(run.stderr, /Node 20 or newer with npm is needed; found Node (v18\.19\.0|v9\.1\.0|none)/);
      assert.match(run.stderr, /Debian 12, Raspberry Pi OS 12: {2}sudo apt-get install/);
    }
  });

  it('says on macOS which parts work there, once, and goes on', () => {
    using machine = new Machine({ system: 'Darwin', machine: 'arm64', nodeArch: 'arm64', without: ['apt-get'] });
    const run = machine.setup();
    ok(run);
    assert.match(run.stderr, /macOS: embedded assistant/);
    assert.equal(machine.read('node_modules/naudiodon/portaudio/bin/libportaudio.so.2'), 'x86-64');
    assert.equal(machine.setup().stderr, '');
  });

  it('names the packages on a Linux without apt and goes on', () => {
    using machine = new Machine({ without: ['apt-get', 'dpkg-query', 'apt-cache'] });
    const run = machine.setup();
    ok(run);
    assert.match(run.stderr, /has no apt: .*build-essential[\s\S]*flite/);
  });

  it('does not take a failed installation or build for done', () => {
    for (const broken of ['ci', 'build']) {
      using machine = new Machine({ broken: [broken] });
      for (let attempt = 0; attempt < 2; attempt++) {
        const run = machine.setup();
        assert.equal(run.code, 1);
        assert.match(run.stderr, broken === 'ci' ? /npm ci failed\n.*ETEST/ : /the build failed\n.*error TS1005/);
      }
      machine.list('broken', []);
      ok(machine.setup());
    }
  });

  it('installs again when node_modules has been removed', () => {
    using machine = new Machine();
    ok(machine.setup());
    rmSync(machine.path('node_modules'), { recursive: true });
    assert.equal(calls(machine.setup(), 'npm ci').length, 1);
  });

  it('refuses an argument that it does not know', () => {
    using machine = new Machine();
    const run = machine.setup('--tset');
    assert.equal(run.code, 64);
    assert.match(run.stderr, /--tset/);
  });
});
