/** An option that belongs to one command. */
export interface CommandOption {
  name: string;
  /** What its value is called in the help; none for a switch. */
  value?: string;
  /** What the command's arguments are instead, with it. */
  operands?: string;
  summary: string;
}

/** What the command line allows for one command. */
export interface CommandRow {
  summary: string;
  /** What its arguments are called in the help. None: it takes no arguments. */
  operands?: string;
  /** True when it can do without arguments. @default false */
  isOperandOptional?: boolean;
  options?: readonly CommandOption[];
}

/** The commands of the program, in the order of the help. A new one is one file in this folder and one row. */
export const COMMANDS = {
  run: { summary: 'the device: waits for its hotword, then talks with the server' },
  devices: { summary: 'the microphones and speakers that each backend sees, and which one would be used' },
  doctor: {
    summary: 'checks everything that could be wrong and says how to mend it; exit 1 if it would stop the device',
    options: [{ name: 'json', summary: 'for a program' }],
  },
  config: { summary: 'the effective configuration and where each value came from, secrets masked' },
  hotword: {
    summary: 'runs the hotword engine over WAV files',
    operands: 'FILE…',
    options: [
      {
        name: 'tune',
        operands: 'DIR DIR',
        summary: 'finds the threshold from recordings of the phrase, and of others',
      },
      { name: 'false-alarms-per-hour', value: 'N', summary: 'how many --tune allows [0.5]' },
    ],
  },
  models: {
    summary: "openWakeWord's models: list, download [NAME…], check [NAME…], remove NAME…",
    operands: '[ACTION…]',
    isOperandOptional: true,
    options: [
      { name: 'from', value: 'DIR', summary: 'takes the models from a folder instead of the internet' },
      {
        name: 'source',
        value: 'URL',
        summary: "the address of another copy of the release; hashes must be the release's",
      },
      { name: 'yes', summary: 'downloads without asking' },
    ],
  },
  assistant: {
    summary: 'the embedded assistant on its own',
    options: [
      { name: 'host', value: 'ADDRESS', summary: 'where it listens [127.0.0.1]' },
      { name: 'port', value: 'PORT', summary: 'where it listens [7456]' },
    ],
  },
} as const satisfies Record<string, CommandRow>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** Options of every command besides the keys of the configuration. */
export const COMMON_OPTIONS: readonly CommandOption[] = [
  { name: 'config', value: 'FILE', summary: 'the configuration file [$TARS_CONFIG or /etc/tars-client/config.toml]' },
  { name: 'help', summary: 'this text' },
  { name: 'version', summary: 'the version' },
];

const HELP_COLUMN = 20;

/** The row of a command. */
export function rowOf(command: CommandName): CommandRow {
  return COMMANDS[command];
}

/** True for the name of a command. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

/** The text of `--help`. */
export function helpText(): string {
  const names = Object.keys(COMMANDS).filter(isCommand);
  const commands = names.map((name) => [`${name} ${rowOf(name).operands ?? ''}`, rowOf(name).summary] as const);
  const own = names.flatMap((name) => (rowOf(name).options ?? []).map((option) => optionLine(option, `${name}: `)));
  const options = [...COMMON_OPTIONS.map((option) => optionLine(option, '')), ...own];
  return [
    'Usage: tars-client [COMMAND] [OPTION…]',
    '       npm start -- [COMMAND] [OPTION…]    in its checkout',
    '',
    'Commands (run when none is given):',
    ...commands.map(helpLine),
    '',
    'Options:',
    ...options.map(helpLine),
    helpLine(['--SECTION.KEY VALUE', 'any key of the configuration, such as --server.url ws://host:7456;']),
    helpLine(['', '`tars-client config` lists them, TARS_SECTION_KEY in the environment does the same']),
    '',
    'Exit codes: 0 fine, 1 failed, 64 wrong usage, 78 bad configuration.',
    '',
  ].join('\n');
}

function optionLine({ name, value, operands, summary }: CommandOption, prefix: string): readonly [string, string] {
  return [[`--${name}`, value, operands].filter(Boolean).join(' '), `${prefix}${summary}`];
}

function helpLine([left, right]: readonly [string, string]): string {
  const gap = left.length > HELP_COLUMN ? `\n${' '.repeat(HELP_COLUMN + 3)}` : ' ';
  return `  ${left.padEnd(HELP_COLUMN)}${gap}${right}`;
}
