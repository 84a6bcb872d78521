/**
 * For a command without arguments: says what it does where that is asked for, and refuses everything else, since a word that
 * was meant as a question must not empty a database.
 */
export function withoutArguments(usage: string, args: readonly string[] = process.argv.slice(2)): void {
  if (args.length === 0) return;
  const asked = args.length === 1 && ['--help', '-h'].includes(args[0]);
  if (asked) process.stdout.write(`${usage}\n`);
  else process.stderr.write(`"${args.join(' ')}" is not understood: this command takes no arguments.\n\n${usage}\n`);
  process.exit(asked ? 0 : 2);
}
