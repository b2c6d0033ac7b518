import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelFilesIn, modelsFolder, modelsFor, phraseOf } from '../../src/hotword/models-folder.js';

test('the folder is the configured one, else the state of the service, else the data of the user', () => {
  for (const [configured, env, expected] of [
    ['/models', { STATE_DIRECTORY: '/var/lib/tars-client' }, '/models'],
    [
      '',
      { STATE_DIRECTORY: '/var/lib/tars-client:/var/lib/other', XDG_DATA_HOME: '/data' },
      '/var/lib/tars-client/models',
    ],
    ['', { XDG_DATA_HOME: '/data' }, '/data/tars-client/models'],
    ['', { XDG_DATA_HOME: '' }, '/home/me/.local/share/tars-client/models'],
  ] as const) {
    assert.equal(modelsFolder(configured, env, '/home/me'), expected);
  }
});

test('a file name says which phrase the model hears', () => {
  for (const [file, phrase] of [
    ['hey_jarvis_v0.1.onnx', 'hey jarvis'],
    ['alexa_v0.1.onnx', 'alexa'],
    ['Hey_Tars.onnx', 'hey tars'],
    ['hey-marvin-v2.onnx', 'hey marvin'],
  ] as const) {
    assert.equal(phraseOf(file), phrase);
  }
});

test('the models of the phrases in a folder, and none of the front end or of other phrases', () => {
  const folder = mkdtempSync(join(tmpdir(), 'models-'));
  try {
    for (const file of [
      'Hey_Tars.onnx',
      'alexa_v0.1.onnx',
      'embedding_model.onnx',
      'alexa_v0.1.onnx.part',
      'notes.txt',
    ])
      writeFileSync(join(folder, file), '');
    assert.deepEqual(modelFilesIn(folder), ['Hey_Tars.onnx', 'alexa_v0.1.onnx', 'embedding_model.onnx']);
    assert.deepEqual(modelsFor(['hey TARS', 'embedding model', 'computer'], folder), {
      'hey TARS': join(folder, 'Hey_Tars.onnx'),
    });
    assert.deepEqual(modelsFor(['alexa'], join(folder, 'none')), {});
    assert.deepEqual(modelsFor(['alexa'], join(folder, 'notes.txt')), {});
  } finally {
    rmSync(folder, { recursive: true });
  }
});
