import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { documentsCommand } from '../../src/command/documents';
import { schemaText } from '../../src/graph/build/schema';
import { authenticateClient } from '../../src/service/client';
import { ClientProject } from '../support/client';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { freePort } from '../support/own-process';
import { example, Partner } from '../support/partner';
import { until } from '../support/webhooks';

/* The example of a partner, a short walk. partner-erp.long.ts kills its processes and the gateway's for half a minute. */

jest.setTimeout(120_000);

let gateway: TestGatewayServer;
let client: TestClient;
let partner: Partner;
let lines: string[];

beforeAll(async () => {
  gateway = await testGateway({ localWebhooks: true });
  gateway.server.webhooks.start();
  const origin = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  client = await gateway.client({ scopes: ['read', 'fulfill', 'webhook'] });
  const env = { DATABASE_URL: gateway.database.url };
  const silent = { out: () => {}, err: () => {} };
  const of = ['--client', client.clientId];
  expect(await documentsCommand(['import', ...of, path.join(example, 'manifest.json')], env, silent)).toBe(0);
  expect(await documentsCommand(['mode', ...of, 'RegisteredOnly'], env, silent)).toBe(0);
  const { orderLineItems } = await orderFor(await (await gateway.client()).work(), [{}, {}, {}]);
  lines = orderLineItems.map(({ id }) => id);
  partner = new Partner({
    ...{
      GATEWAY_URL: origin,
      CLIENT_ID: client.clientId,
      CLIENT_SECRET: client.secret,
      PORT: String(await freePort()),
    },
  });
});
afterAll(async () => {
  partner.end();
  await gateway.close();
});

const made = (prefix: string) =>
  gateway.database.owner<{ number: string; carrier: string; times: number }>(
    `select external_id as number, min(carrier) as carrier, count(*)::integer as times from fulfillment
     where external_id like $1 group by 1 order by 1`,
    [`${prefix}%`],
  );
const numbers = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(3, '0')}`);
const fileOf = (ids: readonly string[]) =>
  partner.shipments(
    `${ids[0]}.csv`,
    ids.map((id, at) => [id, lines[at % lines.length]]),
  );
const eventsOf = async () => {
  const rows = await gateway.database.owner<{ id: string }>(
    "select id from history_entry where subject_type = 'Fulfillment' order by id",
  );
  return rows.map(({ id }) => id);
};

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

test('killed at any point, and started again, its import fulfills every shipment once', async () => {
  const ids = numbers('K-', 100);
  const { kills, ...last } = await partner.runKilled('import.mjs', [fileOf(ids)]);
  expect(kills).toBeGreaterThan(1);
  expect(last).toEqual({
    status: 0,
    text: expect.stringMatching(/Created: 100\. Refused: 0\. Known from an earlier run: \d+ lines\./),
  });
  expect(await made('K-')).toEqual(ids.map((number) => ({ number, carrier: 'UPS, "Express"', times: 1 })));
});

test('tells what is refused, and by which line of the file', async () => {
  const file = partner.shipments('refused.csv', [
    ['R-1', lines[0]],
    ['R-2', lines[1], '9999'],
    ['R-3', 'nothing'],
  ]);
  const { status, text } = await partner.run('import.mjs', [file]);
  expect(status).toBe(1);
  expect(text).toMatch(/^line 3: QUANTITY_EXCEEDED, /m);
  expect(text).toMatch(/^line 4: NOT_FOUND, /m);
  expect(text).toContain('Created: 1. Refused: 2. Known from an earlier run: 0 lines.');
});

test('its copy has every change once, wherever it was killed, and begins anew where its cursor is of another history', async () => {
  const all = await eventsOf();
  const synced = async () => {
    expect((await partner.run('sync.mjs')).status).toBe(0);
    return partner.load('copy.json');
  };
  await partner.runKilled('sync.mjs');
  // Events wait for older transactions of the whole server.
  const copy = await until(synced, ({ events }) => events === all.length);
  const found = Object.values(copy.fulfillments) as { externalId: string; state: string }[];
  expect(found.map(({ externalId }) => externalId).sort()).toEqual([...numbers('K-', 100), 'R-1'].sort());
  expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['Booked']));

  writeFileSync(
    path.join(partner.folder, 'copy.json'),
    JSON.stringify({ ...copy, cursor: 'of a database that was restored' }),
  );
  expect(await synced()).toEqual({ ...copy, cursor: expect.any(String) });
});

describe('its receiver', () => {
  test('keeps each event once, however often it comes and wherever the receiver was killed', async () => {
    const first = partner.start('receive.mjs');
    await first.said(/listening/);
    const known = await eventsOf();
    const importing = partner.run('import.mjs', [fileOf(numbers('W-', 20))]);
    await until(
      async () => partner.inbox().length,
      (count) => count > 0,
    );
    first.child.kill('SIGKILL');
    await first.ended;
    expect((await importing).status).toBe(0);
    // What the kill has cut, as a disk that was slower would show it.
    appendFileSync(path.join(partner.folder, 'inbox.jsonl'), '{"id":"half a li');

    const second = partner.start('receive.mjs');
    await second.said(/listening/);
    const wanted = (await eventsOf()).filter((id) => !known.includes(id));
    const { owner } = gateway.database;
    await until(
      () => owner('select from webhook_delivery where attempts > 0 or delivered_date is not null'),
      ({ length }) => length === wanted.length,
    );
    // All that was delivered comes again, and what was not comes at once.
    await owner("update webhook_delivery set status = 'Pending', delivered_date = null where status = 'Delivered'");
    await until(
      async () => {
        await owner(`update webhook_delivery set next_attempt_date = now() where status = 'Pending' and claim is null`);
        return owner("select from webhook_delivery where status <> 'Delivered'");
      },
      ({ length }) => length === 0,
    );
    const inbox = partner.inbox();
    expect(inbox.map(({ event }) => event).sort()).toEqual(wanted);
    expect(new Set(inbox.map(({ id }) => id)).size).toBe(inbox.length);
  });

  test('takes nothing that the gateway has not signed', async () => {
    const inbox = partner.inbox().length;
    const headers = {
      'webhook-id': 'x',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': 'v1,AAAA',
    };
    const [{ url }] = await gateway.database.owner<{ url: string }>('select url from webhook_endpoint');
    for (const sent of [headers, { 'webhook-id': 'x' }]) {
      const reply = await fetch(url, { method: 'POST', headers: sent, body: '{}' });
      expect(reply.status).toBe(401);
    }
    // Refused while it is sent: the connection may end before the reply is read.
    const endless = await fetch(url, { method: 'POST', headers, body: 'x'.repeat(5_000_000) }).catch(() => undefined);
    expect([413, undefined]).toContain(endless?.status);
    expect(partner.inbox()).toHaveLength(inbox);
  });
});

test('its secrets are replaced once a day, wherever that is killed, and all goes on with them', async () => {
  const { secret } = partner.load('webhook.json');
  const { status, text } = await partner.runKilled('rotate.mjs');
  expect([status, text]).toEqual([0, expect.any(String)]);
  const kept = partner.load('credentials.json');
  expect(kept.secret).not.toBe(client.secret);
  expect(kept.pending).toBeUndefined();
  const aside = gateway.database.db.aside();
  for (const each of [kept.secret, client.secret]) {
    expect(await authenticateClient(aside, client.clientId, each)).toBeDefined();
  }
  const rows = await gateway.database.owner('select from client_secret where client_id = $1', [client.clientId]);
  expect(rows).toHaveLength(2);
  expect(partner.load('webhook.json')).toMatchObject({ previous: secret, secret: expect.stringMatching(/^whsec_/) });
  expect(await partner.run('rotate.mjs')).toEqual({ status: 0, text: '' });

  const before = partner.inbox().length;
  expect((await partner.run('import.mjs', [fileOf(numbers('N-', 3))])).status).toBe(0);
  await until(
    async () => partner.inbox().length,
    (count) => count === before + 3,
  );
  await gateway.server.days.flush();
  const self = JSON.parse((await partner.run('self.mjs')).text);
  expect(self.client.documentMode).toBe('RegisteredOnly');
  expect(self.client.secrets.map(({ current }: { current: boolean }) => current)).toEqual([true, false]);
  const used = self.client.documents.nodes.filter(({ useCount }: { useCount: string }) => useCount !== '0');
  expect(used.length).toBeGreaterThan(3);
});
