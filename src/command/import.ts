import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { isDay } from '../domain/date';
import { asProcess, type Environment, type Output, parsed, runCommand, UsageError } from './command';
import { ImportFailed, type ImportRequest, type News, sendFile, type Totals } from './import-request';
import { RefusedLines, type SourceFile } from './refused-lines';

const usage = `Usage: npm run import -- <file> [options]

Creates a fulfillment for each line of a file: .csv or .jsonl, or either with .gz. docs/import.md describes the files.

  --url <url>             the gateway; default: GATEWAY_URL, or http://127.0.0.1:4000
  --key <key>             the Idempotency-Key; default: made of the file and the options, so that the same file goes on
  --refused <file>        where to write refused lines with their reasons; default: beside the file
  --run-billing           bill the fulfillments of the file after its last line
  --target-date <day>     bill what is due up to this day, such as 2026-01-31; default: today (UTC)
  --document-date <day>   printed on the documents; default: the target date

CLIENT_ID and CLIENT_SECRET in the environment are the credentials of the client.

Exit status: 0 every line was created, 1 failed, 2 not understood, 3 some lines were refused or not billed.`;

const options = {
  url: { type: 'string' },
  key: { type: 'string' },
  refused: { type: 'string' },
  'run-billing': { type: 'boolean' },
  'target-date': { type: 'string' },
  'document-date': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** How often in a row an import is tried without getting further, and the longest pause in between. */
const mostTries = 8;
const longestPauseMs = 30_000;

interface Asked {
  request: Omit<ImportRequest, 'key'>;
  key: string | undefined;
  refused: string;
}

/** What the command line asks for; undefined for help. @throws UsageError */
function read(args: string[], env: Environment): Asked | undefined {
  const { values, positionals } = parsed({ args, options, allowPositionals: true });
  if (values.help) return undefined;
  if (positionals.length !== 1) throw new UsageError('Name one file.');
  const source = sourceOf(positionals[0]);
  const { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = env;
  if (!clientId || !clientSecret) throw new UsageError('CLIENT_ID and CLIENT_SECRET must be set.');
  return {
    request: {
      origin: originOf(values.url ?? env.GATEWAY_URL),
      query: queryOf(values),
      clientId,
      clientSecret,
      source,
    },
    key: values.key,
    refused: values.refused ?? `${source.path.replace(/\.(csv|jsonl|ndjson)(\.gz)?$/i, '')}.refused.${source.form}`,
  };
}

function sourceOf(path: string): SourceFile {
  const [, ending, gz] = /\.(csv|jsonl|ndjson)(\.gz)?$/i.exec(path) ?? [];
  if (!ending) throw new UsageError(`${path} must end with .csv or .jsonl, or with one of them and .gz.`);
  return { path, form: ending.toLowerCase() === 'csv' ? 'csv' : 'jsonl', zipped: gz !== undefined };
}

function originOf(url = 'http://127.0.0.1:4000'): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`The gateway is "${url}"; an URL such as https://gateway.example is allowed.`);
  }
  return url.replace(/\/+$/, '');
}

function queryOf(values: { 'run-billing'?: boolean; 'target-date'?: string; 'document-date'?: string }): string {
  const query = new URLSearchParams();
  if (values['run-billing']) query.set('runBilling', 'true');
  for (const [name, parameter] of [
    ['target-date', 'targetDate'],
    ['document-date', 'documentDate'],
  ] as const) {
    const day = values[name];
    if (day === undefined) continue;
    if (!isDay(day)) throw new UsageError(`--${name} is "${day}"; a day such as 2026-01-31 is allowed.`);
    if (!values['run-billing']) throw new UsageError(`--${name} needs --run-billing.`);
    query.set(parameter, day);
  }
  return query.size ? `?${query}` : '';
}

/** Runs the command line and returns its exit status. A command that is killed goes on if it is run again. */
export const importCommand = (args: string[], env: Environment, output: Output): Promise<number> =>
  runCommand(
    { usage, name: 'import' },
    output,
    () => read(args, env),
    async (asked) => {
      const { digest, lines } = await look(asked.request.source);
      const { form } = asked.request.source;
      const hash = createHash('sha256').update(JSON.stringify([digest, form, asked.request.query]));
      const key = asked.key ?? `import-${hash.digest('hex').slice(0, 32)}`;
      const refused = new RefusedLines(asked.request.source, asked.refused);
      const progress = output.progress ?? (() => {});
      try {
        const totals = await carriedOut({ ...asked.request, key }, refused, output, (news) =>
          progress(bar(news, lines)),
        );
        progress('\n');
        for (const line of summary(totals, asked.refused)) output.out(line);
        return totals.refused || totals.unbilledChunks ? 3 : 0;
      } finally {
        await refused.end();
      }
    },
  );

/** Sends the file until it is carried out, or until nothing gets further. */
async function carriedOut(
  request: ImportRequest,
  refused: RefusedLines,
  { err }: Output,
  tell: (news: News) => void,
): Promise<Totals> {
  let furthest = -1;
  for (let tries = 1; ; tries++) {
    let reached = -1;
    try {
      return await sendFile(request, refused, (news) => {
        reached = 'lines' in news ? news.lines : reached;
        tell(news);
      });
    } catch (error) {
      if (reached > furthest) tries = 1;
      furthest = Math.max(furthest, reached);
      if (!(error instanceof ImportFailed) || !error.mayRetry || tries >= mostTries) throw error;
      const waitMs = error.after ? error.after * 1_000 : Math.min(longestPauseMs, 500 * 2 ** tries);
      err(`${error.message} Trying again in ${waitMs / 1_000} s.`);
      await pause(waitMs);
    }
  }
}

/** Digest of a file, and the number of its line ends; 0 lines if it is compressed. */
async function look({ path, zipped }: SourceFile): Promise<{ digest: string; lines: number }> {
  const hash = createHash('sha256');
  let lines = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(piece);
    for (let at = zipped ? -1 : piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++;
  }
  return { digest: hash.digest('hex'), lines };
}

const width = 40;
function bar(news: News, all: number): string {
  if ('billing' in news) return `\rBilling ${news.billing} of ${news.of}${' '.repeat(width)}`;
  const part = all ? Math.min(1, news.lines / all) : 0;
  const full = Math.round(part * width);
  const drawn = all ? `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ` : '';
  return `\r${drawn}${news.lines} lines, ${news.refused} refused   `;
}

function summary(totals: Totals, refused: string): string[] {
  const { lines, created, invoices, creditMemos, unbilledChunks } = totals;
  return [
    `${lines} lines: ${created} fulfillments created, ${totals.refused} lines refused.`,
    ...(totals.replayed ? [`${totals.replayed} of the lines were carried out by an earlier try.`] : []),
    ...(totals.refused ? [`The refused lines are in ${refused}.`] : []),
    ...(invoices === undefined ? [] : [`${invoices} invoices and ${creditMemos} credit memos.`]),
    ...(unbilledChunks
      ? [`${unbilledChunks} chunks could not be billed. Run the command again to try them again.`]
      : []),
  ];
}

if (require.main === module) asProcess(importCommand);
