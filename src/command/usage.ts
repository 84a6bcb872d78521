/**
 * Checks the arguments of a command that takes none. --help prints the usage. Everything else is refused: a word such as
 * `help` must not empty a database.
 */
export function withoutArguments(usage: string, args: readonly string[] = process.argv.slice(2)): void {
  if (args.length === 0) return;
  const asked = args.length === 1 && ['--help', '-h'].includes(args[0]);
  if (asked) process.stdout.write(`${usage}\n`);
  else process.stderr.write(`"${args.join(' ')}" is not understood: this command takes no arguments.\n\n${usage}\n`);
  process.exit(asked ? 0 : 2);
}
