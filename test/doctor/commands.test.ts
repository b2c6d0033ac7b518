import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editCommand, serverRemedy } from '../../src/doctor/commands.js';
import { parted } from '../../src/doctor/finding.js';
import { classify } from '../../src/link/failure.js';
import type { Loss } from '../../src/link/socket.js';

const TOKEN_FILE = '/etc/tars-client/credentials/server-token';
const failed = (code: string): Loss => ({ kind: 'failed', error: Object.assign(new Error(code), { code }) });

describe('what is typed about a server that cannot be used', () => {
  const cases: [name: string, loss: Loss, remedy: RegExp | undefined][] = [
    [
      'the token',
      { kind: 'closed', code: 1008, reason: '' },
      /^sudo nano \/etc\/.*server-token && sudo systemctl rest/,
    ],
    ['the certificate', failed('CERT_HAS_EXPIRED'), /^timedatectl {3}\(renew it/],
    ['the name', failed('ENOTFOUND'), /^getent hosts tars\.example\.org /],
    ['the network', failed('ENETUNREACH'), /^ip -brief address /],
    [
      'nobody',
      failed('ECONNREFUSED'),
      /^curl -v https:\/\/tars\.example\.org:8443\/ws {3}\(check that the server runs/,
    ],
    ['silence', { kind: 'timeout', afterMs: 10_000 }, /^curl -v https:/],
    ['a restart', { kind: 'closed', code: 1012, reason: '' }, undefined],
  ];
  for (const [name, loss, wanted] of cases) {
    it(name, () => {
      const url = new URL('wss://tars.example.org:8443/ws?key=s3cret');
      const remedy = serverRemedy(parted(classify(loss).reason), { url, tokenFile: TOKEN_FILE });
      if (wanted === undefined) assert.equal(remedy, undefined);
      else assert.match(remedy ?? '', wanted);
      assert.doesNotMatch(remedy ?? '', /s3cret/);
    });
  }
});

describe('the command that changes a secret', () => {
  it('is of this user elsewhere than in /etc, and is a shell\u2019s whatever the path', () => {
    assert.equal(editCommand('/home/pi/token'), 'nano /home/pi/token');
    assert.equal(editCommand("/home/pi/my 'token'"), "nano '/home/pi/my '\\''token'\\'''");
  });

  it('does not show a secret that stands in the place of the path', () => {
    assert.equal(editCommand('/home/Xk29fjslQ82mfl01pqZZ'), "nano '/home/***'");
  });
});
