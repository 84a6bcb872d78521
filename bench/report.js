import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { resolve } from 'node:path';
import { chart } from './chart.js';
import { operations } from './operations.js';

const results = resolve(import.meta.dirname, 'results');
const page = resolve(import.meta.dirname, '../docs/speed.md');

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * Medians over the rounds. Ratios are taken within each round first: what the machine does besides changes from one to the
 * next, and then both sides had it.
 */
export function summarize(turns, names, keys, statements) {
  const of = (name, key) => turns.filter((turn) => turn.name === name && turn.key === key);
  const ratio = (name, key, base) => {
    if (!keys.includes(base)) return undefined;
    const bases = of(name, base);
    return median(of(name, key).map((turn, at) => turn.total / bases[at].total));
  };
  return names.map((name) => ({
    name,
    contenders: keys.map((key) => ({
      key,
      ...Object.fromEntries(
        ['server', 'postgres', 'total', 'perSecond', 'p50', 'p99'].map((field) => [
          field,
          median(of(name, key).map((turn) => turn[field])),
        ]),
      ),
      statements: statements[name][key],
      toPeer: ratio(name, key, 'postgraphile'),
      toLimit: ratio(name, key, 'limit'),
    })),
  }));
}

const row = (...cells) => `| ${cells.join(' | ')} |`;
/** Three digits that count. */
const digits = (number) => (number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2));
const ratioText = (number) => (number === undefined ? '' : number.toFixed(2));

/** Everything that was measured, as a table. */
export function table(summary, labels) {
  const head = [
    '',
    'CPU ms',
    'server',
    'Postgres',
    'to PostGraphile',
    'to the limit',
    'statements',
    'requests/s',
    'p50 ms',
    'p99 ms',
  ];
  return [
    row(...head),
    row(...head.map(() => '---')),
    ...summary.flatMap(({ name, contenders }) =>
      contenders.map((each) =>
        row(
          `${name} ${labels[each.key]}`,
          digits(each.total),
          digits(each.server),
          digits(each.postgres),
          ratioText(each.toPeer),
          ratioText(each.toLimit),
          Number(each.statements.toFixed(1)),
          Math.round(each.perSecond),
          digits(each.p50),
          digits(each.p99),
        ),
      ),
    ),
  ].join('\n');
}

/** Each contender under load: requests per second, latencies and the most memory it held. Medians over the rounds. */
export function loadTable(turns, names, labels, loads) {
  const head = ['', 'connections', 'requests/s', 'p50 ms', 'p99 ms', 'peak memory MB'];
  const lines = names.flatMap((name) =>
    loads.flatMap((connections) =>
      Object.entries(labels).map(([key, label]) => {
        const own = turns.filter((turn) => turn.name === name && turn.key === key && turn.connections === connections);
        const of = (field) => median(own.map((turn) => turn[field]));
        const figures = [Math.round(of('perSecond')), digits(of('p50')), digits(of('p99')), Math.round(of('peak'))];
        return row(`${name} ${label}`, connections, ...figures);
      }),
    ),
  );
  return [row(...head), row(...head.map(() => '---')), ...lines].join('\n');
}

/** CPU per request alone: one line for each contender. */
function short(summary, labels) {
  const head = ['CPU ms per request (SQL statements)', ...summary.map(({ name }) => name)];
  return [
    row(...head),
    row(...head.map(() => '---')),
    ...Object.entries(labels).map(([key, label]) =>
      row(
        label,
        ...summary.map(({ contenders }) => {
          const { total, statements } = contenders.find((each) => each.key === key);
          return `${digits(total)} (${Number(statements.toFixed(1))})`;
        }),
      ),
    ),
  ].join('\n');
}

/** Writes the result and its chart, and shows them in docs/speed.md. */
export async function publish({ summary, labels, load, size, sql, rounds, seconds, connections }) {
  const day = new Date().toISOString().slice(0, 10);
  const { rows } = await sql.query("select current_setting('server_version') as version");
  const cpu = os.cpus()[0].model.trim();
  const machine = `${os.cpus().length} cores (${cpu}), ${Math.round(os.totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, PostgreSQL ${rows[0].version}`;
  const count = (number) => number.toLocaleString('en');
  const data = `${count(size.account)} accounts, ${count(size.orders)} orders, ${count(size.order_line_item)} line items, ${count(size.fulfillment)} fulfillments, ${count(size.invoice_item)} invoice items, ${size.size}`;
  const about = `${day}, ${machine}. ${data}. Medians of ${rounds} rounds of ${seconds} s, ${connections} connections.`;
  const asked = Object.entries(operations).map(([name, { title }]) => `- **${name}** ${title}`);
  mkdirSync(results, { recursive: true });
  writeFileSync(resolve(results, 'latest.svg'), chart(summary, labels, `${day}, ${os.cpus().length} cores`));
  writeFileSync(
    resolve(results, 'latest.md'),
    `# Requests, measured\n\n${about}\n\n![CPU per request](latest.svg)\n\n${asked.join('\n')}\n\n${table(summary, labels)}\n\n## Under load\n\n${load}\n`,
  );
  const block = [
    '![CPU per request beside PostGraphile, the usual Apollo server and SQL by hand](../bench/results/latest.svg)',
    '',
    short(summary, labels),
    '',
    about,
  ].join('\n');
  const text = readFileSync(page, 'utf8');
  const around = /(<!-- speed: npm run bench -->\n)[\s\S]*?(<!-- \/speed -->)/;
  if (!around.test(text)) throw new Error('docs/speed.md has no place for the speed');
  writeFileSync(
    page,
    text.replace(around, (_, begin, end) => `${begin}${block}\n${end}`),
  );
}
