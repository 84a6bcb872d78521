import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { createServer, type Server, type ServerOptions } from '../../../src/server';
import { revokeClient } from '../../../src/service/client-change';
import { type Asking, begun, fillFulfillments, linesOf, noExports, read } from '../../support/exported';
import { metricsOf, metricsToken, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { listening } from '../../support/socket';

/* How exports end before their last row, and that nothing is left of them. */

interface Line {
  level: number;
  msg: string;
  code?: string;
  rows?: number;
  cut?: string;
  status?: number;
}
const lines: Line[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });

let gateway: TestGatewayServer;
let client: TestClient;
let usual: number;
const servers: Server[] = [];
/** Some 12 MB of the query below. The buffers of both ends hold half of that. */
const total = 750;

beforeAll(async () => {
  gateway = await testGateway();
  usual = await listening(gateway.server);
  client = await gateway.client();
  await fillFulfillments(gateway, client, total);
}, 60_000);
beforeEach(() => {
  lines.splice(0);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.app.close();
  await noExports(gateway);
  expect(gateway.failures.splice(0)).toEqual([]);
  expect(lines.filter(({ level }) => level > 30)).toEqual([]);
});
afterAll(() => gateway.close());

/** Another process of the gateway, with bounds of its own. Returns its port. */
async function serving(options: Partial<ServerOptions>): Promise<number> {
  const signingKey = 'a key of thirty-two characters or more';
  const own = { services: gateway.services, signingKey, grantsTtlMs: 0, logger, metricsToken };
  const server = await createServer({ ...own, ...options });
  servers.push(server);
  return listening(server);
}

const aliases = Array.from({ length: 60 }, (_, at) => `${String.fromCharCode(97 + (at % 26)).repeat(250)}${at}`);
const wide = (after?: string) =>
  `query Wide { fulfillments${after ? `(after: "${after}")` : ''} { edges { cursor node { id ${aliases.map((alias) => `${alias}: fulfillmentNumber`).join(' ')} } } } }`;
const narrow = '{ fulfillments { nodes { id } } }';
const start = (port: number, query = wide(), more: Asking = {}, by = client) => begun(port, by, query, more);

const ids = (rows: { node: { id: string } }[]) => rows.map(({ node }) => node.id);
let all: string[] | undefined;
/** The ids of all rows. */
async function everyId(): Promise<string[]> {
  all ??= linesOf(await read(await start(usual, narrow))).rows.map(({ id }: { id: string }) => id);
  return all;
}

/** Waits until an export cannot go on, because its client reads nothing. */
async function stalled(): Promise<void> {
  const rows = async () => {
    const all = await Promise.all([gateway.server, ...servers].map(metricsOf));
    return all.map((text) => /^gateway_export_rows_total (\d+)$/m.exec(text)?.[1]).join();
  };
  let before = '';
  for (let now = await rows(); now !== before; now = await rows()) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Resolves once no connection of exports is in use. */
async function freed(): Promise<void> {
  const [, pool] = gateway.database.db.pools.find(([name]) => name === 'exporting')!;
  const deadline = Date.now() + 10_000;
  while (pool.totalCount > pool.idleCount) {
    if (Date.now() > deadline) throw new Error('a connection is held');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The rest of an export that has ended early: what came, the error, and the rows behind its cursor. */
async function ended(reply: IncomingMessage) {
  const { rows, last } = linesOf(await read(reply));
  const [{ message, extensions }] = last.errors;
  expect(last.pageInfo).toEqual({ endCursor: rows.at(-1).cursor, hasNextPage: true });
  const rest = linesOf(await read(await start(usual, wide(last.pageInfo.endCursor))));
  expect(rest.last.errors).toBeUndefined();
  expect([...ids(rows), ...ids(rest.rows)]).toEqual(await everyId());
  return { message, extensions, rows: rows.length };
}
const ofExports = () => lines.filter(({ msg }) => msg === 'export').map(({ code }) => code);

describe('a client that reads nothing', () => {
  test('loses its connection after SEND_TIMEOUT_MS, and the database has its own again', async () => {
    const port = await serving({ sendTimeoutMs: 1_000 });
    const reply = await start(port);
    await stalled();
    // Meanwhile the others go on.
    expect((await read(await start(port, narrow))).complete).toBe(true);
    await freed();
    await noExports({ ...gateway, server: servers[0] });
    expect((await read(reply)).complete).toBe(false);
    expect(lines.find(({ cut }) => cut)).toMatchObject({ cut: 'SEND_TIMEOUT_MS', status: 499 });
  });

  test('holds half of the exports at most, and is told when to come again', async () => {
    const port = await serving({});
    const replies = [await start(port), await start(port)];
    const third = await start(port);
    const { errors } = JSON.parse((await read(third)).text);
    expect([third.statusCode, third.headers['retry-after'], errors[0].extensions]).toEqual([
      429,
      '5',
      { code: 'RATE_LIMITED', limit: 'exports', allowed: 4, retryable: true },
    ]);
    const other = await gateway.client();
    expect(linesOf(await read(await start(port, narrow, {}, other))).rows).toHaveLength(total);
    for (const reply of replies) reply.destroy();
    await noExports({ ...gateway, server: servers[0] });
    expect(linesOf(await read(await start(port, narrow))).rows).toHaveLength(total);
    expect(ofExports()).toEqual(['ok', 'left', 'left', 'ok']);
  });
});

describe('an export ends with an error and the cursor to go on from', () => {
  test('when its time is over, and frees its connection before anybody reads that', async () => {
    const reply = await start(await serving({ limits: { exportTime: 700 } }));
    await stalled();
    await freed();
    const { extensions, message } = await ended(reply);
    expect(extensions).toEqual({ code: 'TIMEOUT', limit: 'exportTime', allowed: 700, retryable: true });
    expect(message).toContain('700 ms');
    expect(ofExports()).toEqual(['TIMEOUT']);
  });

  test('when the minute of the client is used up', async () => {
    const limits = { costPerMinute: 5_000_000, cost: 5_000_000 };
    const { extensions, rows } = await ended(await start(await serving({ limits })));
    expect(extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 'costPerMinute' });
    // What the pages cost, and not what they might have.
    expect(rows).toBeGreaterThan(200);
  });

  test('when the server stops', async () => {
    const port = await serving({});
    const reply = await start(port);
    await stalled();
    const stopping = servers[0].moment();
    await freed();
    const { extensions } = await ended(reply);
    expect(extensions).toEqual({ code: 'UNAVAILABLE', retryable: true });
    await stopping;
    const late = await start(port);
    expect([late.statusCode, JSON.parse((await read(late)).text).errors[0].extensions.code]).toEqual([
      503,
      'UNAVAILABLE',
    ]);
    expect(lines.filter(({ level }) => level > 30).map(({ msg }) => msg)).toEqual(['request failed']);
    lines.splice(0);
  });

  test('when its connection to the database is lost', async () => {
    const reply = await start(usual);
    await stalled();
    await gateway.database.owner(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like '%exporting' and state = 'idle in transaction'`,
    );
    expect((await ended(reply)).extensions).toEqual({ code: 'UNAVAILABLE', retryable: true });
  });

  test('when its client is revoked', async () => {
    const gone = await gateway.client();
    const reply = await start(await serving({}), wide(), {}, gone);
    await stalled();
    await revokeClient(gateway.database.db, gone.clientId);
    await freed();
    const { rows, last } = linesOf(await read(reply));
    expect([rows.length < total, last.errors[0].extensions.code]).toEqual([true, 'UNAUTHENTICATED']);
  });
});

test('a table that is not whole ends with its connection, and its cursors go on', async () => {
  const limits = { costPerMinute: 5_000_000, cost: 5_000_000 };
  const port = await serving({ limits });
  for (const gzip of [false, true]) {
    const other = await gateway.client();
    const reply = await start(port, wide(), { accept: 'text/csv', gzip }, other);
    if (gzip) {
      await expect(read(reply)).rejects.toThrow('unexpected end of file');
      expect([reply.complete, reply.trailers]).toEqual([false, {}]);
      continue;
    }
    const { text, complete, trailers, status } = await read(reply);
    expect([status, complete, trailers]).toEqual([200, false, {}]);
    const rows = text.split('\r\n').slice(1, -1);
    const cursor = rows.at(-1)!.split(',')[0];
    const rest = linesOf(await read(await start(usual, wide(cursor)))).rows;
    expect([...rows.map((row) => row.split(',')[1]), ...ids(rest)]).toEqual(await everyId());
  }
  expect(lines.filter(({ msg }) => msg === 'request').map(({ cut }) => cut)).toEqual(['export', 'export']);
  expect(ofExports()).toEqual(['RATE_LIMITED', 'RATE_LIMITED']);
});

test('a client that leaves frees what it held, be it before the first row', async () => {
  const port = await serving({});
  for (const more of [{}, { gzip: true }, { accept: 'text/csv' }]) {
    const reply = await start(port, wide(), more);
    reply.once('data', () => reply.destroy());
    await noExports({ ...gateway, server: servers[0] });
  }
  expect(ofExports()).toEqual(['left', 'left', 'left']);
  await gateway.database.owner('begin');
  await gateway.database.owner('lock table fulfillment');
  const leaving = new AbortController();
  const waiting = fetch(`http://127.0.0.1:${port}/graphql`, {
    ...{ method: 'POST', body: JSON.stringify({ query: narrow }), signal: leaving.signal },
    headers: {
      ...{ authorization: `Bearer ${client.token}`, 'content-type': 'application/json', accept: 'text/csv' },
    },
  });
  await gateway.database.blocked();
  leaving.abort();
  await expect(waiting).rejects.toThrow('aborted');
  await noExports({ ...gateway, server: servers[0] });
  await gateway.database.owner('rollback');
});
