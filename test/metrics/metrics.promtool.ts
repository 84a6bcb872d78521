import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

// Reads /metrics of a running server and has Prometheus' own tool judge it, and the alerts of docs/alerts.yml over it.
//   BASE_URL=http://127.0.0.1:4000 node dist/test/metrics/metrics.promtool.js
// METRICS_TOKEN where the server has one, PROMTOOL for another promtool.

const baseUrl = process.env.BASE_URL ?? 'http://127.0.0.1:4000';
const promtool = process.env.PROMTOOL ?? '/usr/bin/promtool';
const token = process.env.METRICS_TOKEN;
const alerts = path.resolve('docs/alerts.yml');

async function main(): Promise<void> {
  const failures: string[] = [];
  const expectThat = (holds: boolean, what: string, more = '') => {
    console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}${holds ? '' : `\n${more}`}`);
    if (!holds) failures.push(what);
  };
  const judged = (args: string[], input?: string) => {
    const { status, stdout, stderr, error } = spawnSync(promtool, args, { input, encoding: 'utf8' });
    if (error) throw new Error(`No promtool at ${promtool}: apt-get install -y prometheus`);
    return { passed: status === 0 && stderr.trim() === '', said: stdout + stderr };
  };

  await fetch(new URL('/graphql', baseUrl), { method: 'POST' });
  const reply = await fetch(new URL('/metrics', baseUrl), {
    headers: token ? { authorization: `Bearer ${token}` } : {},
  });
  const text = await reply.text();
  if (reply.status !== 200) throw new Error(`/metrics answers ${reply.status}: ${text}`);
  const { passed, said } = judged(['check', 'metrics'], text);
  expectThat(passed, `promtool has nothing against ${text.split('\n').length} lines`, said);

  const rules = judged(['check', 'rules', alerts]);
  expectThat(rules.passed, 'nor against the alerts', rules.said);
  const fired = judged(['test', 'rules', path.resolve('test/metrics/alerts.yml')]);
  expectThat(fired.passed, 'and those of payments name the provider', fired.said);
  const told = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
  const asked = [...readFileSync(alerts, 'utf8').matchAll(/\b(?:gateway|nodejs)_\w+/g)].map(([name]) => name);
  const missing = asked.filter((name) => !told.has(name.replace(/_(bucket|count|sum)$/, '')));
  expectThat(
    asked.length > 10 && missing.length === 0,
    'the alerts ask for metrics that there are',
    missing.join('\n'),
  );
  if (failures.length) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
