import { KEYS } from '../config/keys.js';
import { masked } from '../config/mask.js';
import { tomlValue } from '../config/toml.js';
import type { LoadedConfig } from '../config.js';

/** The command `config`: writes every key as TOML that can be read back, with the source of each value behind it. */
export function configCommand(loaded: LoadedConfig, out: NodeJS.WritableStream): void {
  out.write(configText(loaded));
}

/**
 * The effective configuration as TOML. Secrets are `***`; files that hold secrets are named, and never read.
 * An address with a masked part is the only value that is not the one in use.
 */
export function configText({ config, origins }: LoadedConfig): string {
  const lines: string[] = [];
  let section = '';
  for (const { path } of KEYS.values()) {
    const dot = path.lastIndexOf('.');
    if (path.slice(0, dot) !== section) {
      section = path.slice(0, dot);
      lines.push('', `[${section}]`);
    }
    const value = tomlValue(masked(path, valueAt(config, path)));
    lines.push(`${path.slice(dot + 1)} = ${value}  # from ${oneLine(origins.get(path) ?? 'nowhere')}`);
  }
  return `${lines.slice(1).join('\n')}\n`;
}

function valueAt(config: LoadedConfig['config'], path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => Object(value)[name], config);
}

/** A file's name may hold a line break, which would end the comment. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
