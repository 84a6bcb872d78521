import { parseArgs } from 'node:util';
import { ask, check, counting } from './check.js';
import { gateway } from './contenders/gateway.js';
import { limit } from './contenders/limit.js';
import { naive } from './contenders/naive.js';
import { postgraphile } from './contenders/postgraphile.js';
import { registered } from './contenders/registered.js';
import { openData, sizeOf, undoWrites } from './data.js';
import { startLoad, turn } from './measure.js';
import { operations } from './operations.js';
import { loadTable, median, publish, summarize, table } from './report.js';

/*
 * Requests beside their yardsticks: the same operations on the same rows, by this gateway, by peers and by hand. See README.md.
 */
const usual = { gateway, postgraphile, naive, limit };
const all = { ...usual, registered };
const full = 300_000;

const { values: flags } = parseArgs({
  options: {
    size: { type: 'string', default: '100000' },
    fresh: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '4' },
    load: { type: 'string', default: '1,4,16,64' },
    'load-rounds': { type: 'string', default: '2' },
    only: { type: 'string', default: Object.keys(usual).join() },
    operations: { type: 'string', default: Object.keys(operations).join() },
    'cpu-prof': { type: 'boolean', default: false },
    inspect: { type: 'boolean', default: false },
  },
});
const chosen = (text, known) => {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length) throw new Error(`There is no ${unknown.join(', ')}; there are ${known.join(', ')}.`);
  return known.filter((name) => names.includes(name));
};
const keys = chosen(flags.only, Object.keys(all));
const names = chosen(flags.operations, Object.keys(operations));
const lineItems = flags.size === 'full' ? full : Number(flags.size);
const [rounds, seconds, connections, loadRounds] = [
  flags.rounds,
  flags.seconds,
  flags.connections,
  flags['load-rounds'],
].map(Number);
const loads = flags.load.split(',').map(Number);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const data = await openData({ lineItems, fresh: flags.fresh });
const running = {};
const load = startLoad();
try {
  await counting(data.sql, true);
  await undoWrites(data.sql);
  for (const key of keys) running[key] = await all[key].start({ ...data, flags });

  const prepared = {};
  const statements = {};
  for (const name of names) {
    const cases = await operations[name].cases(data.sql);
    if (!cases.length) throw new Error(`${name} finds nothing to ask for in ${lineItems} line items.`);
    prepared[name] = {};
    for (const key of keys) prepared[name][key] = await requestsOf(key, name, cases);
    const contenders = keys.map((key) => ({ key, running: running[key], requests: prepared[name][key] }));
    const checked = await check(data.sql, contenders, name, operations[name]);
    statements[name] = checked.statements;
    console.log(
      `${name}: ${cases.length} cases, the same answer by ${keys.join(', ')}: ${objectsIn(checked.answers)} objects`,
    );
  }
  await counting(data.sql, false);

  /** Every contender asks for every operation, each time another one first. */
  async function round(at, connections, warmUp, tell) {
    const turns = [];
    for (const name of names) {
      for (const key of [...keys.slice(at % keys.length), ...keys.slice(0, at % keys.length)]) {
        if (operations[name].writes) await undoWrites(data.sql);
        const job = { sql: data.sql, load, contender: all[key], running: running[key], requests: prepared[name][key] };
        const measured = await turn({ ...job, connections, seconds, warmUp, seed: 1 + at });
        turns.push({ round: at, name, key, connections, ...measured });
        tell(name, key, measured);
      }
    }
    return turns;
  }

  const turns = [];
  for (let at = 0; at < rounds; at++) {
    // The first time until V8 has compiled what runs often.
    const made = await round(at, connections, at === 0 ? 4 : 0.3, (name, key, { total, server, postgres, perSecond }) =>
      console.log(
        `${at + 1}/${rounds} ${name} ${key}: ${total.toFixed(3)} ms CPU (${server.toFixed(3)} + ${postgres.toFixed(3)}), ${perSecond.toFixed(0)}/s`,
      ),
    );
    turns.push(...made);
  }
  const loaded = [];
  for (let at = 0; at < loadRounds; at++) {
    for (const many of loads) {
      const made = await round(at, many, 0.3, (name, key, { perSecond, p99, peak }) =>
        console.log(
          `load ${at + 1}/${loadRounds} ${many} connections ${name} ${key}: ${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(1)} ms, ${peak.toFixed(0)} MB`,
        ),
      );
      loaded.push(...made);
    }
  }
  await undoWrites(data.sql);

  if (rounds > 0) {
    const summary = summarize(turns, names, keys, statements);
    const labels = Object.fromEntries(keys.map((key) => [key, all[key].label]));
    console.log(`\n${table(summary, labels)}`);
    if (loadRounds > 0) console.log(`\n${loadTable(loaded, names, labels, loads)}`);
    if (keys.includes('gateway') && keys.includes('registered')) {
      const of = (name, key) => turns.filter((turn) => turn.name === name && turn.key === key);
      for (const name of names) {
        const ratio = median(of(name, 'registered').map((turn, at) => turn.server / of(name, 'gateway')[at].server));
        console.log(`${name}: a registered document costs the server ${ratio.toFixed(2)} times what its text costs`);
      }
    }
    // What compares everything is kept; a part is for whoever asked.
    const whole = keys.join() === Object.keys(usual).join() && names.length === Object.keys(operations).length;
    if (whole) {
      const about = { size: await sizeOf(data.sql), sql: data.sql, rounds, seconds, connections };
      await publish({ summary, labels, load: loadTable(loaded, names, labels, loads), ...about });
    }
  }
} finally {
  load.stop();
  for (const each of Object.values(running)) await each.stop();
  await data.close();
}

/** The requests of a contender, as they go over the wire. */
async function requestsOf(key, name, cases) {
  const { path, operations: own, withoutText } = all[key];
  const { query, variables } = own[name];
  const request = (given) => {
    const body = { ...(!withoutText && { query }), variables: variables(given) };
    return { path: path(name), body: JSON.stringify(body) };
  };
  const { prepare } = operations[name];
  if (!prepare) return cases.map(request);
  const requests = [];
  for (const each of cases) requests.push(request(await prepare(each, (given) => ask(running[key], request(given)))));
  return requests;
}

/** How many objects with an id an answer holds, on average. */
function objectsIn(answers) {
  let count = 0;
  JSON.stringify(answers, (_name, value) => {
    if (value?.id) count++;
    return value;
  });
  return Math.round(count / answers.length);
}
