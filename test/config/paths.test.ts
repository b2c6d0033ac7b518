import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homeFolder } from '../../src/config/paths.js';

test('the home folder: as the environment says, else as the system knows it, else the root', () => {
  assert.equal(
    homeFolder({ HOME: '/home/jo' }, () => '/other'),
    '/home/jo',
  );
  assert.equal(
    homeFolder({}, () => '/home/jo'),
    '/home/jo',
  );
  const unknown = Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
  assert.equal(
    homeFolder({}, () => {
      throw unknown;
    }),
    '/',
  );
});
