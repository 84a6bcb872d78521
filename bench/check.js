import { isDeepStrictEqual } from 'node:util';
import { undoWrites } from './data.js';

/*
 * Before anybody is measured: all contenders give the same answer, and leave the same rows behind. On the way the
 * statements of each are counted, by the server.
 */
export async function ask(running, { path, body }) {
  const reply = await fetch(running.origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...(await running.headers()) },
    body,
  });
  const text = await reply.text();
  const { data, errors } = reply.ok ? JSON.parse(text) : { errors: text };
  if (errors) throw new Error(`${path}: ${JSON.stringify(errors).slice(0, 1000)}`);
  return data;
}

const instant = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/;

/** An answer without the freedom that contenders have: how ids and instants are written, whether decimals end in zeros, cursors. */
function normal(value) {
  if (Array.isArray(value)) return value.map(normal);
  if (value && typeof value === 'object') {
    const kept = Object.entries(value).filter(([name]) => name !== 'endCursor' && name !== 'userErrors');
    return Object.fromEntries(kept.map(([name, each]) => [name, normal(each)]));
  }
  if (typeof value !== 'string') return value;
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return value.replaceAll('-', '');
  if (instant.test(value)) return new Date(value).toISOString();
  if (/^-?\d+\.\d+$/.test(value)) return value.replace(/\.?0+$/, '');
  return value;
}

/** What M1 has left behind, but for what is new each time: ids, numbers, instants and who did it. */
async function written(sql) {
  const { rows } = await sql.query(
    `with line as (select l.* from order_line_item l join account a on a.id = l.account_id where a.name = 'Written' and l.version > 1)
     select
       (select json_agg(json_build_array(id, fulfilled_quantity, sent_quantity, fulfillment_count, open_fulfillment_count, version, item_state) order by id) from line) as lines,
       (select json_agg(to_jsonb(f) - array['id', 'fulfillment_number', 'created_date', 'updated_date', 'created_by_id', 'updated_by_id'] order by f.order_line_item_id, f.id)
        from fulfillment f where order_line_item_id in (select id from line)) as fulfillments,
       (select json_agg(json_build_array(subject_type, action, from_state, to_state, changes, version) order by subject_type, changes::text) from history_entry) as history`,
  );
  return rows[0];
}

const withoutNew = ({ createFulfillments: { fulfillments } }) =>
  fulfillments.map(({ id, fulfillmentNumber, ...rest }) => ({
    ...rest,
    id: typeof id,
    fulfillmentNumber: /^F-\d{8,}$/.test(fulfillmentNumber),
  }));

/** Asks every contender for the first cases of an operation. Returns how many statements each has sent per request. */
export async function check(sql, contenders, name, operation, count = 50) {
  const statements = {};
  let first;
  for (const { key, running, requests } of contenders) {
    if (operation.writes) await undoWrites(sql);
    await sql.query('select bench.pg_stat_statements_reset()');
    const answers = [];
    for (const request of requests.slice(0, count)) {
      const answer = normal(await ask(running, request));
      answers.push(operation.writes ? withoutNew(answer) : answer);
    }
    // What comes less often than every other request is what the servers do besides, at their own times.
    const { rows } = await sql.query(
      `select coalesce(sum(calls), 0)::float as calls from bench.pg_stat_statements
       where userid::regrole::text in ('order_gateway_app', 'order_gateway_reader', 'bench_peer') and dbid = (select oid from pg_database where datname = current_database()) and calls >= $1`,
      [answers.length / 2],
    );
    statements[key] = rows[0].calls / answers.length;
    const found = { answers, rows: operation.writes ? await written(sql) : null };
    first ??= { key, found };
    if (!isDeepStrictEqual(found, first.found)) throw new Error(`${name}: ${difference(first, { key, found })}`);
  }
  if (operation.writes) await undoWrites(sql);
  return { statements, answers: first.found.answers };
}

/** Statements are counted while the answers are compared, and not under load, where counting would cost. */
export async function counting(sql, on) {
  await sql.query(`alter system set pg_stat_statements.track = '${on ? 'top' : 'none'}'`);
  await sql.query('alter system set pg_stat_statements.track_utility = off');
  await sql.query('select pg_reload_conf()');
}

/** The first place in which two answers differ. */
function difference(a, b, x = a.found, y = b.found, path = '') {
  if (x && y && typeof x === 'object' && typeof y === 'object') {
    for (const name of new Set([...Object.keys(x), ...Object.keys(y)])) {
      if (!isDeepStrictEqual(x[name], y[name])) return difference(a, b, x[name], y[name], `${path}.${name}`);
    }
  }
  const shown = (value) => String(JSON.stringify(value)).slice(0, 200);
  return `${path} is ${shown(x)} by ${a.key}, ${shown(y)} by ${b.key}`;
}
