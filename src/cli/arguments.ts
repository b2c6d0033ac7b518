import { KEYS } from '../config/keys.js';
import { hint, nearest } from '../config/nearest.js';
import type { Flags } from '../config/sources.js';
import { UsageError } from '../errors.js';
import { COMMANDS, COMMON_OPTIONS, type CommandName, isCommand, rowOf } from './commands.js';

/** A command line, taken apart. */
export interface Arguments {
  command: CommandName;
  /** Keys of the configuration by path, for `loadConfig`. */
  flags: Flags;
  /** The file of `--config`. */
  configFile: string | undefined;
  /** The command's own options by name, without dashes; true for a switch. */
  options: Flags;
  /** What follows the command's name. */
  positionals: readonly string[];
  help: boolean;
  version: boolean;
}

/** Whether an option has a value: a switch of the configuration may be given one, as in `--cues.enabled=false`. */
type Arity = 'value' | 'switch' | 'setting';

/**
 * Takes a command line (without node and script) apart. The command is `run` when none is given; of an option given
 * twice the last one counts. Throws UsageError for what does not exist, naming what does; an option's value is never
 * quoted, for it may be a secret in the wrong place.
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const { given, words } = sort(argv);
  const [name = 'run', ...positionals] = words;
  const isHelp = name === 'help';
  const command = isHelp ? 'run' : commandNamed(name);
  const configFile = given.get('config');
  const help = isHelp || given.has('help');
  const version = given.has('version');
  const flags = new Map([...given].filter(([option]) => KEYS.has(option)));
  const options = new Map([...given].filter(([option]) => !KEYS.has(option) && !isCommon(option)));
  if (!help && !version) {
    checkOptions(command, options);
    checkOperands(command, positionals, options);
  }
  return {
    command,
    flags,
    configFile: typeof configFile === 'string' ? configFile : undefined,
    options,
    positionals,
    help,
    version,
  };
}

function sort(argv: readonly string[]): { given: Map<string, string | true>; words: string[] } {
  const given = new Map<string, string | true>();
  const words: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      words.push(...rest.splice(0));
    } else if (!word.startsWith('-') || word === '-') {
      words.push(word);
    } else {
      const { name, attached } = split(word);
      given.set(name, attached ?? valueBehind(name, rest));
    }
  }
  return { given, words };
}

function split(word: string): { name: string; attached: string | undefined } {
  if (word === '-h') return { name: 'help', attached: undefined };
  const equals = word.indexOf('=');
  const option = equals < 0 ? word : word.slice(0, equals);
  const name = option.slice(2);
  if (!option.startsWith('--') || arityOf(name) === undefined) throw unknownOption(option);
  if (equals >= 0 && arityOf(name) === 'switch') throw new UsageError(`${option} takes no value`);
  return { name, attached: equals < 0 ? undefined : word.slice(equals + 1) };
}

/** The value of an option that has none attached, taken off the front of the words behind it. */
function valueBehind(name: string, rest: string[]): string | true {
  const arity = arityOf(name);
  const [next] = rest;
  if (arity === 'switch') return true;
  if (arity === 'setting' && next !== 'true' && next !== 'false') return true;
  // A value may begin with one dash: --mic.gain_db -6
  if (next === undefined || next.startsWith('--')) {
    const allowed = KEYS.get(name)?.allowed;
    throw new UsageError(`--${name} needs a value behind it${allowed === undefined ? '' : `: ${allowed}`}`);
  }
  return rest.shift() ?? true;
}

function arityOf(name: string): Arity | undefined {
  const key = KEYS.get(name);
  if (key !== undefined) return key.kind === 'boolean' ? 'setting' : 'value';
  const option = everyOption().find((candidate) => candidate.name === name);
  if (option === undefined) return undefined;
  return option.value === undefined ? 'switch' : 'value';
}

function commandNamed(name: string): CommandName {
  if (isCommand(name)) return name;
  const names = Object.keys(COMMANDS);
  throw new UsageError(`no command "${name}"${hint(name, names)} (there are ${names.join(', ')})`);
}

function checkOptions(command: CommandName, options: Flags): void {
  const own = rowOf(command).options ?? [];
  for (const name of options.keys()) {
    if (own.some((option) => option.name === name)) continue;
    throw new UsageError(`the command ${command} has no option --${name}; see tars-client --help`);
  }
}

function checkOperands(command: CommandName, positionals: readonly string[], given: Flags): void {
  const { operands, isOperandOptional = false, options = [] } = rowOf(command);
  if (operands === undefined && positionals.length > 0) {
    throw new UsageError(`the command ${command} takes no arguments, and got "${positionals.join(' ')}"`);
  }
  if (operands !== undefined && !isOperandOptional && positionals.length === 0) {
    const other = options.find((option) => option.operands !== undefined && given.has(option.name));
    const usage = other ? `--${other.name} ${other.operands}` : operands;
    throw new UsageError(`the command ${command} needs arguments: tars-client ${command} ${usage}`);
  }
}

function unknownOption(option: string): UsageError {
  const names = [...everyOption().map(({ name }) => name), ...KEYS.keys()];
  const meant = nearest(option.replace(/^-+/, ''), names);
  const guess = meant === undefined ? '' : `; did you mean --${meant}?`;
  return new UsageError(`no option ${option}${guess} (tars-client --help lists them)`);
}

function isCommon(name: string): boolean {
  return COMMON_OPTIONS.some((option) => option.name === name);
}

function everyOption() {
  const commands = Object.keys(COMMANDS).filter(isCommand);
  return [...COMMON_OPTIONS, ...commands.flatMap((command) => rowOf(command).options ?? [])];
}
