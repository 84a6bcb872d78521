import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { documentsCommand } from '../../src/command/documents';
import { schemaText } from '../../src/graph/build/schema';
import { ClientProject } from '../support/client';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* The example of a partner's job, as a process of its own that is killed over and over. */

jest.setTimeout(120_000);

const example = path.resolve('examples/partner-erp');
const folder = mkdtempSync(path.join(tmpdir(), 'erp-'));
let gateway: TestGatewayServer;
let address: string;
let client: TestClient;
let lines: string[];

beforeAll(async () => {
  gateway = await testGateway();
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  client = await gateway.client({ scopes: ['read', 'fulfill'] });
  const env = { DATABASE_URL: gateway.database.url };
  const silent = { out: () => {}, err: () => {} };
  const of = ['--client', client.clientId];
  expect(await documentsCommand(['import', ...of, path.join(example, 'manifest.json')], env, silent)).toBe(0);
  expect(await documentsCommand(['mode', ...of, 'RegisteredOnly'], env, silent)).toBe(0);
  const { orderLineItems } = await orderFor(await (await gateway.client()).work(), [{}, {}, {}]);
  lines = orderLineItems.map(({ id }) => id);
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the job; where it is to be killed, that long after its beginning. */
function send(file: string, options: { killAfterMs?: number; batch?: number; url?: string } = {}) {
  const { killAfterMs, batch = 5, url = address } = options;
  const child = spawn(process.execPath, [path.join(example, 'send.mjs'), '--batch', String(batch), file], {
    env: { PATH: process.env.PATH, GATEWAY_URL: url, CLIENT_ID: client.clientId, CLIENT_SECRET: client.secret },
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise<{ status: number | null; text: string }>((resolve) =>
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, text });
    }),
  );
}

function csv(name: string, rows: string[][]): string {
  const file = path.join(folder, name);
  const head = ['shipment', 'order line item', 'quantity', 'shipped on', 'carrier', 'tracking number'];
  writeFileSync(file, [head, ...rows].map((row) => row.join(',')).join('\r\n'));
  return file;
}
const shipment = (number: string, at: number, quantity = '1') => [
  ...[number, lines[at % lines.length], quantity, '2026-11-02', '"UPS, ""Express"""', ''],
];
const made = (prefix: string) =>
  gateway.database.owner<{ number: string; carrier: string; times: number }>(
    `select external_id as number, min(carrier) as carrier, count(*)::integer as times from fulfillment
     where external_id like $1 group by 1 order by 1`,
    [`${prefix}%`],
  );

test('its manifest is the one that its tool makes of its documents, for the schema as it is', () => {
  const project = new ClientProject(example, schemaText());
  try {
    const tool = ['@apollo/generate-persisted-query-manifest', 'generate-persisted-query-manifest'] as const;
    expect(project.run(...tool, '--config', 'persisted-queries.json')).toMatchObject({ ok: true });
    expect(project.read('manifest.json')).toBe(readFileSync(path.join(example, 'manifest.json'), 'utf8'));
  } finally {
    project.remove();
  }
});

test('killed at any point, and started again, it fulfills every shipment once', async () => {
  const numbers = Array.from({ length: 100 }, (_, at) => `K-${String(at).padStart(3, '0')}`);
  const file = csv(
    'killed.csv',
    numbers.map((number, at) => shipment(number, at)),
  );
  let kills = 0;
  let last: Awaited<ReturnType<typeof send>> | undefined;
  // Later and later, so that it is killed in every part of its work and comes to its end at last.
  for (let killAfterMs = 50; !last; killAfterMs *= 1.15) {
    const run = await send(file, { killAfterMs });
    if (run.status === null) kills++;
    else last = run;
  }
  expect(kills).toBeGreaterThan(3);
  expect([last.status, last.text]).toEqual([
    0,
    expect.stringMatching(/\d+ shipments sent, \d+ were there before, 0 refused\./),
  ]);
  expect(await made('K-')).toEqual(numbers.map((number) => ({ number, carrier: 'UPS, "Express"', times: 1 })));
});

test('two of them at once fulfill every shipment once', async () => {
  const numbers = Array.from({ length: 40 }, (_, at) => `T-${String(at).padStart(3, '0')}`);
  const file = csv(
    'twice.csv',
    numbers.map((number, at) => shipment(number, at)),
  );
  const runs = await Promise.all([send(file), send(file)]);
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
  expect((await made('T-')).map(({ number, times }) => [number, times])).toEqual(numbers.map((number) => [number, 1]));
});

test('tells what is refused, and sends that alone anew once it can be', async () => {
  const rows = [shipment('R-1', 0), shipment('R-2', 1, '9999'), shipment('R-3', 2)];
  const first = await send(csv('refused.csv', rows));
  expect(first.status).toBe(1);
  expect(first.text).toMatch(/^R-2: QUANTITY_EXCEEDED, /);
  expect(first.text).toContain('2 shipments sent, 0 were there before, 1 refused.');
  const second = await send(csv('refused.csv', [rows[0], shipment('R-2', 1, '2'), rows[2]]));
  expect(second).toEqual({ status: 0, text: '1 shipments sent, 2 were there before, 0 refused.\n' });
  expect((await made('R-')).map(({ times }) => times)).toEqual([1, 1, 1]);
});

test('sends nothing of a file in which a shipment stands twice', async () => {
  const { status, text } = await send(csv('double.csv', [shipment('D-1', 0), shipment('D-1', 1)]));
  expect([status, text, await made('D-')]).toEqual([2, 'D-1 stands in the file twice.\n', []]);
});
