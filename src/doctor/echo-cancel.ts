import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import type { PulseSource } from '../pcm/pulse-devices.js';
import { type Check, type Finding, ok, warning } from './finding.js';

const SUBJECT = 'echo';
/** README, "barge_in": what these settings were measured with. */
const REMEDY =
  'PulseAudio: pactl load-module module-echo-cancel aec_method=webrtc ' +
  'aec_args="analog_gain_control=0 digital_gain_control=0 extended_filter=1" rate=16000 channels=1 source_name=clean sink_name=out; ' +
  'PipeWire: the same, or in ~/.config/pipewire/pipewire.conf.d/echo-cancel.conf context.modules = [ { name = ' +
  'libpipewire-module-echo-cancel args = { source.props = { node.name = clean } sink.props = { node.name = out } } } ]; then ' +
  'mic.backend = "parecord", mic.device = "clean", speaker.backend = "pacat", speaker.device = "out"';

/** What ALSA and PortAudio call a sound server's default source. */
const BY_SERVER = /^(|default|pulse|pipewire)$/i;

/** Where speech interrupts replies: whether the microphone that the configuration chooses is free of their echo. */
export function echoCancelCheck(config: Config, list: () => Promise<PulseSource[]>): Check {
  return {
    subject: SUBJECT,
    run: async () => (config.session.barge_in === 'speech' ? [await judge(config, list)] : []),
  };
}

async function judge({ mic }: Config, list: () => Promise<PulseSource[]>): Promise<Finding> {
  try {
    const source = sourceOf(mic, await list());
    if (source?.isEchoFree) return ok(SUBJECT, `${source.name} cancels the echo of what its own sink plays`);
    return missing(
      source === undefined ? `the microphone is no source of the sound server` : `${source.name} is as it is`,
    );
  } catch (error) {
    return missing(messageOf(error));
  }
}

function sourceOf({ backend, device }: Config['mic'], sources: PulseSource[]): PulseSource | undefined {
  if (backend === 'file' || backend === 'stdin') return undefined;
  const isNamed = backend === 'parecord' || backend === 'pw-cat';
  if (isNamed && device !== '') return sources.find(({ name }) => name === device);
  return isNamed || BY_SERVER.test(device) ? sources.find(({ isDefault }) => isDefault) : undefined;
}

function missing(why: string): Finding {
  const text = `session.barge_in = "speech", and no echo canceller is seen (${why}): a reply may interrupt itself, unless the microphone cancels echo itself`;
  return warning(SUBJECT, text, REMEDY);
}
