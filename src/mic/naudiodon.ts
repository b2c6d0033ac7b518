import { fileURLToPath } from 'node:url';
import { type CaptureBackend, CHUNK_MS } from './child-microphone.js';

/** PortAudio through the naudiodon package, in a Node child: its library prints, hangs and aborts there, not here. */
export const naudiodon: CaptureBackend = {
  name: 'naudiodon',
  spec: ({ device, rateHz, channel }) => ({
    format: { rateHz, bits: 16, channels: channel },
    child: {
      name: 'naudiodon',
      command: process.execPath,
      args: [
        fileURLToPath(new URL('./naudiodon-child.js', import.meta.url)),
        JSON.stringify({ device, rateHz, channels: channel, chunkFrames: (rateHz * CHUNK_MS) / 1000 }),
      ],
      // Each pending read holds a thread of libuv's pool; the default of four would starve everything else.
      env: { UV_THREADPOOL_SIZE: '16' },
      pcm: 'fd3',
      messages: true,
      remedy: 'reinstall Node.js',
    },
  }),
};
