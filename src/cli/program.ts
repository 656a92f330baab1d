import { Command, CommanderError, Option } from 'commander';
import { GROUPINGS } from '../explain/report/report.ts';
import { EXIT, type ExitCode, Fault } from '../kernel/fault.ts';
import { undoKilledLab } from '../lab/killed.ts';
import { printableLines, tell, tellFault } from '../output/stderr.ts';
import { printable } from '../text/printable.ts';
import {
  filterOptions,
  formatsHelp,
  parseBackend,
  parseCause,
  parseCount,
  parseFormat,
  parseLimit,
  parsePositive,
  parseRunTime,
  parseSpeed,
} from './arguments.ts';
import { dropRoot, giveUpRoot } from './drop-root.ts';
import { parseSocket } from './socket-argument.ts';
import { VERSION } from './version.ts';

const backendOption = (what: string): Option =>
  new Option('--backend <name>', what).default('auto').argParser(parseBackend);

/** Options that choose the probes and the sockets that they announce. */
const selecting = (command: Command): Command => {
  command.addOption(backendOption('auto, fentry, kprobe or tracepoint'));
  for (const option of filterOptions()) command.addOption(option);
  return command.addOption(
    new Option('--map-keys <n>', 'places of each map of the probes').argParser(parsePositive).hideHelp(),
  );
};

const shared = (command: Command, unlessTold = ''): Command =>
  selecting(command)
    .addOption(new Option('--duration <time>', `stop after this long, as 30s${unlessTold}`).argParser(parseRunTime))
    .option('--strict', 'exit with 4 when events were lost');

/** If this were left to commander, `finwait tarce` would be a `top` with one argument too many. */
const refuseUnknownCommand = (program: Command, word: string | undefined): void => {
  const names = program.commands.map((command) => command.name());
  if (word === undefined || word.startsWith('-') || word === 'help' || names.includes(word)) return;
  program.error(`error: unknown command '${printable(word)}'; there are ${names.join(', ')}`, {
    code: 'commander.unknownCommand',
    exitCode: EXIT.usage,
  });
};

/**
 * Parses the command line and runs what it asks for.
 *
 * @param argv - without node and script
 * @returns the exit code; faults are told on stderr
 */
export const main = async (argv: readonly string[]): Promise<ExitCode> => {
  let code: ExitCode = EXIT.done;
  const done = async (run: Promise<ExitCode>): Promise<void> => {
    code = await run;
  };
  const program = new Command('finwait')
    .description('Traces how TCP sockets die: which orphan, closed by whom, waiting for what.')
    .version(VERSION)
    .showHelpAfterError("(see 'finwait --help')")
    .exitOverride()
    .configureOutput({
      // Help, the version and a wrong command line need no root either.
      writeOut: (text) => {
        giveUpRoot();
        process.stdout.write(text);
      },
      writeErr: (text) => {
        giveUpRoot();
        process.stderr.write(text);
      },
      // It quotes what stands on the command line, which a script may have taken from anywhere.
      outputError: (text, write) => write(printableLines(text)),
    })
    .enablePositionalOptions()
    .hook('preAction', async () => {
      const undone = await undoKilledLab();
      if (undone !== null) tell(undone);
    });

  shared(program.command('top', { isDefault: true }).description('live screen of the slowest-to-die sockets (default)'))
    .option('-o, --record <file>', 'write the event stream to this file as well')
    .action((options) => done(import('./top.ts').then(({ top }) => top(options))));
  shared(program.command('trace [file]').description('a line per finished close path, live or of a recording'))
    .option('--json', 'one JSON object a line')
    .option('-T, --time', 'begin each line with the time of day of the close (UTC)')
    .option('-o, --record <file>', 'write the event stream to this file as well (live only)')
    .action((file: string | undefined, options, command: Command) => {
      if (file !== undefined && options.record !== undefined) {
        command.error('error: -o records a live trace; FILE is a recording already', { exitCode: EXIT.usage });
      }
      if (file !== undefined) dropRoot();
      return done(import('./trace.ts').then(({ trace }) => trace(file, options)));
    });
  shared(program.command('record').description('the event stream to a file, until Ctrl+C or --duration'))
    .option('-o, --record <file>', "the file, '-' for stdout (default: finwait-TIME.fwr)")
    .action((options) => done(import('./record.ts').then(({ record }) => record(options))));
  program
    .command('replay <file>')
    .description("the screen over a recording ('-' for stdin)")
    .addOption(new Option('--speed <factor>', "how fast: 1, 10, … or 'max'").default(1).argParser(parseSpeed))
    .action((file: string, options) => {
      dropRoot();
      return done(import('./top.ts').then(({ replay }) => replay(file, options)));
    });
  program
    .command('demo')
    .description('the screen over a recording that comes with finwait; needs neither root nor bpftrace')
    .addOption(new Option('--speed <factor>', "how fast: 1, 10, … or 'max'").default(1).argParser(parseSpeed))
    .action((options) => {
      dropRoot();
      return done(import('./top.ts').then(({ demo }) => demo(options)));
    });
  shared(
    program
      .command('explain')
      .description('why sockets were orphaned, grouped, with evidence and remedy')
      .argument('[file]', "a recording, '-' for stdin; without it, finwait watches this host"),
    ' (unless told, 10s live)',
  )
    .option('--json', 'one JSON object a line')
    .addOption(new Option('--by <key>', 'group by this').choices(GROUPINGS).default('cause'))
    .addOption(
      new Option('--socket <socket>', "all about this one: 'ADDR:PORT->ADDR:PORT', ADDR:PORT or sk").argParser(
        parseSocket,
      ),
    )
    .addOption(new Option('--limit <n>', 'single sockets shown, 1 to 1000').default(10).argParser(parseLimit))
    .addOption(
      new Option('--list [cause]', 'what is known of each cause, or of one; traces nothing').argParser(parseCause),
    )
    .option('-o, --record <file>', 'write the event stream to this file as well (live only)')
    .action((file: string | undefined, options, command: Command) => {
      if (file !== undefined && options.record !== undefined) {
        command.error('error: -o records a live trace; FILE is a recording already', { exitCode: EXIT.usage });
      }
      if (file !== undefined || options.list !== undefined) dropRoot();
      return done(
        options.list === undefined
          ? import('./explain.ts').then(({ explain }) => explain(file, options))
          : import('./list-causes.ts').then(({ listCauses }) =>
              listCauses(options.list === true ? null : options.list, options.json === true),
            ),
      );
    });
  shared(
    program.command('export [file]').description('close paths for another program, live or of a recording, on stdout'),
  )
    .addOption(new Option('--to <format>', formatsHelp).makeOptionMandatory().argParser(parseFormat))
    .action((file: string | undefined, options) => {
      if (file !== undefined) dropRoot();
      return done(import('./export.ts').then(({ exportTo }) => exportTo(file, options)));
    });
  program
    .command('doctor')
    .description('what can be traced here, what not, why, and the command that fixes it')
    .addOption(backendOption('asks of this one: auto, fentry, kprobe or tracepoint'))
    .option('--json', 'one JSON object')
    .action((options) => done(import('./doctor.ts').then(({ doctor }) => doctor(options))));
  selecting(
    program
      .command('probe')
      .description('the script that bpftrace would be given here, on stdout, and its command line, on stderr'),
  ).action((options) => done(import('./probe.ts').then(({ probe }) => probe(options))));
  program
    .command('lab [scenario...]')
    .description('makes sockets die in known ways, in network namespaces of its own: quick (default), slow, all, host')
    .option('--list', 'what there is, and how long it takes')
    .addOption(new Option('-4, --ipv4', 'over IPv4 (default)').conflicts('ipv6'))
    .addOption(new Option('-6, --ipv6', 'over IPv6'))
    .addOption(new Option('--count <n>', 'each scenario so many times').default(1).argParser(parsePositive))
    .addOption(new Option('--at-once <n>', 'so many at the same time').default(1).argParser(parsePositive))
    .addOption(new Option('--shuffle [seed]', 'in a random order').argParser(parseCount))
    .option('--host', 'allow those that set a sysctl of the whole machine for a moment')
    .option('--hold', 'keep the namespaces until Ctrl+C')
    .option('--json', 'one JSON object a line')
    .action((scenarios: readonly string[], options) => {
      if (options.list === true) dropRoot();
      return done(import('./lab.ts').then(({ lab }) => lab(scenarios, options)));
    });
  for (const command of program.commands) command.exitOverride();

  try {
    refuseUnknownCommand(program, argv[0]);
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(error instanceof Fault)) throw error;
    tellFault(error);
    return error.exitCode;
  }
  return code;
};
