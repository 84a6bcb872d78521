import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigError } from '../config-error';
import { Refusal } from '../domain/errors';

/* What all commands share: their arguments, and their exit status. */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Shows how far the command is, in the place of what it showed before. */
  progress?(text: string): void;
}

/** The command line is not understood. The message says why, and the usage follows. */
export class UsageError extends Error {}

/** The options and words of a command line. @throws UsageError */
export function parsed<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/**
 * Runs a command and returns its exit status: what `act` returns, or 1 failed, 2 not understood or refused. `read` returns what the
 * command line asks for; undefined for help.
 */
export async function runCommand<T>(
  { usage, name = 'command' }: { usage: string; name?: string },
  { out, err }: Output,
  read: () => T | undefined,
  act: (asked: T) => Promise<number>,
): Promise<number> {
  try {
    const asked = read();
    if (asked !== undefined) return await act(asked);
    out(usage);
    return 0;
  } catch (error) {
    if (error instanceof UsageError || error instanceof Refusal) {
      const line = error instanceof Refusal ? error.errors.map(({ message }) => message).join(' ') : error.message;
      err(`${line}\n\n${usage}`);
      return 2;
    }
    err(error instanceof ConfigError ? error.message : `The ${name} failed: ${(error as Error).message}`);
    return 1;
  }
}

/** Runs a command as this process. */
export function asProcess(command: (args: string[], env: Environment, output: Output) => Promise<number>): void {
  const progress = (text: string) => void (process.stderr.isTTY && process.stderr.write(text));
  const output = { out: console.log, err: console.error, progress };
  command(process.argv.slice(2), process.env, output).then((status) => {
    process.exitCode = status;
  });
}

/**
 * Checks the arguments of a command that takes none. --help prints the usage. Everything else is refused: a word such as
 * `help` must not empty a database.
 */
export function withoutArguments(usage: string): void {
  const args = process.argv.slice(2);
  if (args.length === 0) return;
  const asked = args.length === 1 && ['--help', '-h'].includes(args[0]);
  if (asked) process.stdout.write(`${usage}\n`);
  else process.stderr.write(`"${args.join(' ')}" is not understood: this command takes no arguments.\n\n${usage}\n`);
  process.exit(asked ? 0 : 2);
}
