import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeSound } from '../../src/speech/decode-sound.js';
import { fetchSound } from '../../src/speech/fetch-sound.js';

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../test/fixtures/sounds/${name}`, import.meta.url)));
const never = new AbortController().signal;

async function serve(test: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** How often a sound crosses zero upwards, a second: its pitch, where it is a pure tone. */
function pitchHz({ rateHz, samples }: { rateHz: number; samples: Int16Array }): number {
  const middle = samples.subarray(samples.length >> 2, (samples.length * 3) >> 2);
  const crossings = middle.filter((sample, index) => index > 0 && sample >= 0 && (middle[index - 1] ?? 0) < 0);
  return (crossings.length * rateHz) / middle.length;
}

/** The checksum of a page of Ogg (RFC 3533): CRC-32 without reflection, of the page with zeros in its place. */
function oggChecksum(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

describe('the sound of a file', () => {
  for (const name of ['tone.mp3', 'tone-vorbis.ogg', 'tone-opus.ogg']) {
    it(`is decoded: ${name}, half a second of 440 Hz`, async () => {
      const sound = await decodeSound(fixture(name), name);
      assert.ok(Math.abs(pitchHz(sound) - 440) < 12, `${pitchHz(sound)} Hz`);
      const seconds = sound.samples.length / sound.rateHz;
      assert.ok(seconds > 0.45 && seconds < 0.65, `${seconds} s`);
    });

    it(`that is damaged is an error or a shorter sound, never more: ${name}`, async () => {
      const bytes = fixture(name);
      for (const broken of [bytes.subarray(0, 40), Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(500, 0xa5)])]) {
        const outcome = await decodeSound(broken, name).catch((error: Error) => error);
        if (outcome instanceof Error) assert.equal(outcome.name, 'AudioError');
        else assert.ok(outcome.samples.length <= outcome.rateHz);
      }
    });
  }

  it('that says an impossible rate is refused, though its checksums are right', async () => {
    for (const rateHz of [8, 2_000_000_000]) {
      const bytes = Buffer.from(fixture('tone-vorbis.ogg'));
      const header = bytes.indexOf('\x01vorbis', 'latin1');
      bytes.writeUInt32LE(rateHz, header + 12);
      // The first page: a header of 27 bytes and one for each segment, which holds the stream's header and no more.
      const page = bytes.subarray(0, 28 + (bytes[27] ?? 0));
      page.writeUInt32LE(0, 22);
      page.writeUInt32LE(oggChecksum(page), 22);
      await assert.rejects(decodeSound(bytes, 'a sound'), /a sound cannot be decoded/);
    }
  });

  it('of another kind is refused by name', async () => {
    await assert.rejects(decodeSound(Buffer.from('<html>'), 'the sound at x'), /the sound at x is not a WAV/);
  });
});

describe('the sound at an address', () => {
  it('is fetched through redirects, without credentials', async (test) => {
    const seen: (string | undefined)[] = [];
    const url = await serve(test, (request, response) => {
      seen.push(request.headers.authorization ?? request.headers.cookie);
      if (request.url === '/') response.writeHead(302, { location: '/tone', 'set-cookie': 'a=b' }).end();
      else response.end(fixture('tone.mp3'));
    });
    const { samples } = await fetchSound(url, never);
    assert.ok(samples.length > 10_000);
    assert.deepEqual(seen, [undefined, undefined]);
  });

  it('is refused where it is none of http, or carries a password', async () => {
    for (const address of ['file:///etc/passwd', 'data:audio/wav,', 'no address', '']) {
      await assert.rejects(fetchSound(address, never), /no http or https address/);
    }
    await assert.rejects(fetchSound('http://a:b@127.0.0.1/', never), /password/);
  });

  it('that is missing, or without an end, is an error in words', async (test) => {
    const url = await serve(test, (request, response) => {
      if (request.url === '/missing') {
        response.writeHead(404).end('no');
        return;
      }
      const block = Buffer.alloc(1_000_000);
      const write = () => {
        while (response.write(block));
      };
      response.on('drain', write);
      write();
    });
    await assert.rejects(fetchSound(`${url}/missing`, never), /cannot be fetched: HTTP 404/);
    await assert.rejects(fetchSound(url, never), /longer than 20000000 bytes/);
  });

  it('is given up with the signal', async (test) => {
    const abort = new AbortController();
    const url = await serve(test, () => abort.abort());
    await assert.rejects(fetchSound(url, abort.signal), /cannot be fetched/);
  });
});
