import { setTimeout as delay } from 'node:timers/promises';
import { Lease, transaction } from '../../src/store/connection/lease';
import { Replicas } from '../../src/store/connection/replicas';
import { readerRole } from '../../src/store/connection/roles';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, start } from '../support/process';
import { type Replicated, replicated, type TestServer } from '../support/replica';
import { estate, mutation, mutations, queries, withoutDryRun } from '../support/tenant-data';

/*
 * The gateway over a primary and two replicas, each a PostgreSQL of its own. Which of them has answered, their rows tell: of
 * the orders with a description, a server shows the one that is called like the server.
 */
jest.setTimeout(60_000);

let servers: Replicated;
let primary: TestServer;
let one: TestServer;
let two: TestServer;
let gateway: TestGatewayServer;
/** Has just written nothing. */
let bystander: TestClient;
let client: TestClient;
let changes: [replica: string, reason?: string][];

const nameOf = (server: TestServer) => `127.0.0.1:${server.port}/gateway`;
const used = (server: TestServer) => [nameOf(server)];
const leftOut = (server: TestServer) => [nameOf(server), expect.any(String)];

const onChange = (...change: [string, string?]) => changes.push(change);
async function until(come: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await come())) await delay(20);
}
async function openReplicas(of: TestServer[] = [one, two]): Promise<void> {
  await gateway.services.db.replicas?.close();
  changes = [];
  gateway.services.db.replicas = await Replicas.open(gateway.services.db, {
    urls: of.map((server) => server.url()),
    onChange,
  });
}
/** What has to catch up first, or is slow to answer, may be left out for a moment. */
async function useReplicas(of: TestServer[] = [one, two]): Promise<void> {
  await openReplicas(of);
  await until(() => of.every((server) => changes.findLast(([name]) => name === nameOf(server))?.length === 1));
  changes = [];
}

beforeAll(async () => {
  servers = await replicated(2);
  ({ primary } = servers);
  [one, two] = servers.replicas;
  const database = await servers.open();
  gateway = await testGateway({ database });
  bystander = await gateway.client();
  const work = await bystander.work();
  for (const { name } of [primary, one, two]) {
    const { order } = await orderFor(work);
    await database.owner('update orders set description = $2 where id = $1', [order.id, name]);
  }
  await database.owner(
    "create policy here on orders as restrictive using (description is null or description = current_setting('cluster_name'))",
  );
});
beforeEach(async () => {
  client = await gateway.client();
  // Bound by policies, so that the rows tell who has answered; whoever migrates says otherwise.
  await gateway.database.owner(`alter role ${readerRole} nobypassrls`);
  await servers.caughtUp();
  await useReplicas();
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(async () => {
  killAll();
  await gateway?.close();
  await servers?.close();
});

const whoQuery = '{ orders(first: 100) { nodes { description } } }';
function whoIn({ status, body }: Answer): string {
  expect([status, body.errors]).toEqual([200, undefined]);
  const described = body.data.orders.nodes.filter(({ description }: { description: string | null }) => description);
  expect(described).toHaveLength(1);
  return described[0].description;
}
const who = async (asks: TestClient, headers?: Record<string, string>) =>
  whoIn(await asks.graphql(whoQuery, undefined, headers));

/**
 * What tells what the client may see is always asked of the primary, and so is how far it has written. Every few seconds it is asked
 * what documents are registered.
 */
const isOfClients = (text: string) =>
  text.startsWith('select c.id, c.name, c.scopes,') ||
  text.includes(' from registered_document ') ||
  text.includes(' from client_write ');

const create =
  'mutation ($name: String!) { createAccount(input: {name: $name, currency: "USD"}) { account { id name } } }';
async function write(writer: TestClient, name = 'new', headers?: Record<string, string>) {
  const { body } = await writer.graphql(create, { name }, headers);
  expect(body.errors).toBeUndefined();
  return body.data.createAccount.account as { id: string };
}
const nameSeenBy = async (reader: TestClient, id: string): Promise<string | undefined> =>
  (await reader.graphql('query ($id: ID!) { account(key: $id) { name } }', { id })).body.data.account?.name;

async function pauseAll() {
  for (const replica of servers.replicas) await servers.pause(replica);
}
async function resumeAll() {
  for (const replica of servers.replicas) await servers.resume(replica);
}
describe('a query', () => {
  test('of who one is knows a client that no replica knows yet, such as that of a person who has just signed in', async () => {
    await pauseAll();
    try {
      const fresh = await gateway.client({ name: 'fresh' });
      expect((await fresh.graphql('{ viewer { name } }')).body.data).toEqual({ viewer: { name: 'fresh' } });
    } finally {
      await resumeAll();
    }
  });

  test('of events is complete on a replica too: an open transaction of the primary is waited for', async () => {
    const events = async (after: string | null) => {
      const text = `query ($after: String) { events(after: $after, first: 100) { nodes { type subjectId } pageInfo { endCursor } } }`;
      return (await bystander.graphql(text, { after })).body.data.events;
    };
    let { endCursor } = (await events(null)).pageInfo;
    const { caller } = await bystander.work();
    const slow = await Lease.take(gateway.services.db.writing);
    slow.begin(caller);
    const noted = `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
      values (gen_random_uuid(), $1, $2, 'Account', gen_random_uuid(), now(), gen_random_uuid(), 'Slow', '[]', 1, event_position())`;
    await slow.query(noted, [caller.entityId, caller.orgIds[0]]);
    // Another client of the same rows writes meanwhile, so that the bystander goes on reading from replicas.
    await transaction(gateway.services.db.working, caller, async (lease) => {
      await lease.query(noted.replace('Slow', 'Fast'), [caller.entityId, caller.orgIds[0]]);
    });
    await servers.caughtUp();
    const before = primary.statements().length;
    const during = await events(endCursor);
    expect(during.nodes).toEqual([]);
    ({ endCursor } = during.pageInfo);
    expect(
      primary
        .statements()
        .slice(before)
        .filter((text) => !isOfClients(text)),
    ).toEqual([]);
    await slow.commit();
    await slow.release();
    await servers.caughtUp();
    const seen: string[] = [];
    for (let looks = 0; seen.length < 2 && looks < 50; looks++) {
      const read = await events(endCursor);
      seen.push(...read.nodes.map(({ type }: { type: string }) => type));
      ({ endCursor } = read.pageInfo);
    }
    expect(seen).toEqual(['Account.Slow', 'Account.Fast']);
  });

  test('of events gets its own cursor again from a replica that is behind it', async () => {
    await pauseAll();
    const text = `query ($after: String) { events(after: $after, first: 100) { nodes { subjectId } pageInfo { endCursor } } }`;
    const { id } = await write(client);
    // Read from the primary, which alone has the event.
    const ahead = (await client.graphql(text)).body.data.events;
    expect(ahead.nodes.at(-1).subjectId).toBe(id);
    const other = (await bystander.graphql(text, { after: ahead.pageInfo.endCursor })).body;
    expect(other.errors).toBeUndefined();
    expect(other.data.events).toEqual({ nodes: [], pageInfo: { endCursor: ahead.pageInfo.endCursor } });
    await resumeAll();
  });

  test('is answered by the replicas in turn, and costs the primary nothing but the grants of its client', async () => {
    const before = [primary, one, two].map((server) => server.statements().length);
    const answered = [];
    for (let at = 0; at < 4; at++) answered.push(await who(bystander));
    expect(answered.sort()).toEqual([one, one, two, two].map(({ name }) => name));
    const sent = [primary, one, two].map((server, at) => server.statements().slice(before[at]));
    // One statement each time, the same as without replicas.
    expect(sent.slice(1).map(({ length }) => length)).toEqual([2, 2]);
    expect(sent[0].filter((text) => !isOfClients(text))).toEqual([]);
  });

  test('of any field can be answered by a replica, and a mutation sends nothing there', async () => {
    const work = await bystander.work();
    const [victim, spare] = [await estate(gateway, work, 'One'), await estate(gateway, work, 'Two')];
    await servers.caughtUp();
    await useReplicas();
    const [onPrimary, ...onReplicas] = [primary, one, two].map((server) => server.statements().length);
    for (const query of Object.values(queries).flatMap((of) => of(victim))) {
      expect((await bystander.graphql(query)).body.errors).toBeUndefined();
    }
    expect(
      primary
        .statements()
        .slice(onPrimary)
        .filter((text) => !isOfClients(text)),
    ).toEqual([]);

    const before = [one, two].map((server) => server.statements().length);
    expect(before.every((count, at) => count > onReplicas[at] + 10)).toBe(true);
    for (const [field, of] of Object.entries(mutations)) {
      for (const text of of(field in withoutDryRun ? spare : victim)) {
        expect((await bystander.graphql(mutation(field, text, true))).body.data.payload.userErrors).toEqual([]);
      }
    }
    expect([one, two].map((server) => server.statements().length)).toEqual(before);
  });

  test('is one by GET too, and as a GET of the published API', async () => {
    const get = () =>
      bystander.request({
        method: 'GET',
        url: `/graphql?query=${encodeURIComponent(whoQuery)}`,
      });
    expect([one.name, two.name]).toContain(whoIn(await get()));

    await pauseAll();
    try {
      const { orderLineItems } = await orderFor(await client.work());
      const payload = {
        fulfillments: [
          {
            orderLineItemId: orderLineItems[0].id,
            fulfillmentDate: '2022-01-01',
            quantity: 1,
            state: 'Booked',
            fulfillmentItems: [{ itemIdentifier: 'SN-1' }],
          },
        ],
      };
      const { body } = await client.request({ method: 'POST', url: '/v1/fulfillments', payload });
      const [{ id, fulfillmentItems }] = body.fulfillments;
      for (const url of [`/v1/fulfillments/${id}`, `/v1/fulfillment-items/${fulfillmentItems[0].id}`]) {
        const seen = async (reader: TestClient) => (await reader.request({ method: 'GET', url })).body.success;
        expect([await seen(client), await seen(bystander)]).toEqual([true, false]);
      }
    } finally {
      await resumeAll();
    }
  });
});

describe('an export', () => {
  const exportedBy = async (reader: TestClient) => {
    const { status, text } = await reader.request({
      ...{ method: 'POST', url: '/graphql', headers: { accept: 'application/jsonl' } },
      payload: { query: whoQuery.replace('(first: 100)', '') },
    });
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([status, rows.pop()]).toEqual([200, { pageInfo: { endCursor: expect.any(String), hasNextPage: false } }]);
    const described = rows.filter(({ description }) => description);
    expect(described).toHaveLength(1);
    return described[0].description;
  };

  test('reads one replica, and the primary where its client has written what no replica has', async () => {
    expect([one.name, two.name]).toContain(await exportedBy(bystander));
    await pauseAll();
    try {
      await write(client);
      expect(await exportedBy(client)).toBe(primary.name);
    } finally {
      await resumeAll();
    }
  });

  test('reads the primary where its replica has just gone', async () => {
    await useReplicas([one]);
    expect(await exportedBy(bystander)).toBe(one.name);
    await one.kill();
    // Nobody has noticed yet.
    expect(await exportedBy(bystander)).toBe(primary.name);
    await one.start();
  });
});

describe('a mutation, and what it returns,', () => {
  beforeEach(pauseAll);
  afterEach(resumeAll);

  test('is all on the primary', async () => {
    const { body } = await client.graphql(
      `mutation { createAccount(input: {name: "fresh", currency: "USD"}) { account {
        name org { name } orders { totalCount } } } }`,
    );
    expect(body).toEqual({
      data: { createAccount: { account: { name: 'fresh', org: { name: 'North' }, orders: { totalCount: 0 } } } },
    });
  });

  test('is so as a dry run and with a key, and when the key comes again', async () => {
    const text = create.replace('"USD"}', '"USD"}, dryRun: true').replace('id name', 'name org { name }');
    const dry = await client.graphql(text, { name: 'dry' });
    expect(dry.body.data.createAccount.account).toEqual({ name: 'dry', org: { name: 'North' } });
    // It has written nothing, and waits for nothing.
    expect(await who(client)).not.toBe(primary.name);

    const { id } = await write(client, 'keyed', { 'idempotency-key': 'k' });
    expect(await nameSeenBy(client, id)).toBe('keyed');
    expect((await write(client, 'keyed', { 'idempotency-key': 'k' })).id).toBe(id);
  });
});

describe('a client that has just written', () => {
  test('reads its own writes from the primary while the replicas lack them, and others do not; then from a replica', async () => {
    await pauseAll();
    try {
      const { id } = await write(client, 'mine');
      for (let at = 0; at < 3; at++) {
        expect([await nameSeenBy(client, id), await nameSeenBy(bystander, id)]).toEqual(['mine', undefined]);
      }
      expect([await who(client), await who(bystander)]).toEqual([primary.name, expect.stringMatching('^replica')]);
      await servers.resume(two);
      await until(async () => (await who(client)) === two.name);
      expect(await nameSeenBy(client, id)).toBe('mine');
    } finally {
      await resumeAll();
    }
    expect(changes).toEqual([]);
  });

  test('waits for a replica that needs a moment, and is answered by it', async () => {
    const answered: string[] = [];
    for (let at = 0; at < 10; at++) {
      const { id } = await write(client, `at once ${at}`);
      expect(await nameSeenBy(client, id)).toBe(`at once ${at}`);
      answered.push(await who(client));
    }
    // On a machine that has much to do it may take longer now and then.
    expect(answered).toContainEqual(expect.stringMatching('^replica'));
  });

  test('sees the payment captured that was put off until after its reply', async () => {
    const { orderLineItems } = await orderFor(await client.work());
    const { capture } = gateway.services.gateway;
    // The replicas have the payment, and not its capture.
    gateway.services.gateway.capture = async (key) => {
      await servers.caughtUp();
      await pauseAll();
      return capture(key);
    };
    try {
      const { body } = await client.graphql(
        `mutation ($id: ID!) { createFulfillments(input: {
          fulfillments: [{orderLineItemId: $id, fulfillmentDate: "2022-01-01", quantity: 5, state: SentToBilling, billTargetDate: "2022-01-01"}]
          processingOptions: {runBilling: true, collectPayment: true}}) { payments { id } userErrors { message } } }`,
        { id: orderLineItems[0].id },
      );
      expect(body.data.createFulfillments.userErrors).toEqual([]);
      await gateway.server.settled();
      const [{ id }] = body.data.createFulfillments.payments;
      const status = async () =>
        (await client.graphql('query ($id: ID!) { payment(key: $id) { status } }', { id })).body.data.payment.status;
      expect(await status()).toBe('Processed');
      // The position that the client is then remembered by is looked up within a second.
      await delay(1_500);
      expect(await status()).toBe('Processed');
    } finally {
      gateway.services.gateway.capture = capture;
      await resumeAll();
    }
  });

  describe('through another process', () => {
    let other: TestGatewayServer;
    beforeEach(async () => {
      other = await testGateway({ database: await servers.open() });
      other.services.db.replicas = await Replicas.open(other.services.db, { urls: [one.url()], onChange: () => {} });
      await pauseAll();
    });
    afterEach(async () => {
      await resumeAll();
      await other.close();
    });

    const nameSeenThere = async (id: string, token = client.token): Promise<string | undefined> => {
      const answer = await other.server.app.inject({
        method: 'POST',
        url: '/graphql',
        headers: { authorization: `Bearer ${token}` },
        payload: { query: 'query ($id: ID!) { account(key: $id) { name } }', variables: { id } },
      });
      return answer.json().data.account?.name;
    };

    test('reads each of its writes there at once, and others go on reading from the replica', async () => {
      for (let at = 0; at < 50; at++) {
        const { id } = await write(client, `elsewhere ${at}`);
        expect(await nameSeenThere(id)).toBe(`elsewhere ${at}`);
      }
      const { id } = await write(client, 'elsewhere', { 'idempotency-key': 'key' });
      expect([await nameSeenThere(id), await nameSeenThere(id, bystander.token)]).toEqual(['elsewhere', undefined]);
    });

    test('reads from the replica there once the replica has the write', async () => {
      const { id } = await write(client, 'elsewhere');
      await resumeAll();
      await servers.caughtUp();
      const before = one.statements().length;
      expect(await nameSeenThere(id)).toBe('elsewhere');
      expect(one.statements().length).toBeGreaterThan(before);
    });
  });
});

/** Clients that ask without a pause until `end`, which replies with what was answered. */
function stream(): () => Promise<string[]> {
  const answers: string[] = [];
  let ended = false;
  const loop = async () => {
    while (!ended) answers.push(await who(bystander));
  };
  const loops = Promise.all(Array.from({ length: 4 }, loop));
  loops.catch(() => {});
  return async () => {
    ended = true;
    await loops;
    return answers;
  };
}

describe('a replica', () => {
  test('that is killed under a stream of queries fails none of them, nor does the next; back, both are used again', async () => {
    const end = stream();
    await delay(300);
    await one.kill();
    await until(() => changes.length === 1);
    await delay(300);
    await two.kill();
    await until(() => changes.length === 2);
    expect(await who(bystander)).toBe(primary.name);
    expect((await bystander.request({ method: 'GET', url: '/readyz' })).status).toBe(200);
    const { id } = await write(client, 'without replicas');
    expect(await nameSeenBy(client, id)).toBe('without replicas');
    await Promise.all([one.start(), two.start()]);
    await until(() => changes.length === 4);
    await delay(300);
    const answers = await end();
    expect(new Set(answers)).toEqual(new Set([primary.name, one.name, two.name]));
    expect(new Set(answers.slice(-20))).toEqual(new Set([one.name, two.name]));
    // Told once each, however many queries noticed.
    expect(changes.slice(0, 2)).toEqual([leftOut(one), leftOut(two)]);
    expect(changes.slice(2).sort()).toEqual([used(one), used(two)].sort());
  });

  test('that freezes keeps queries for some seconds at most, and is used again once it has thawed', async () => {
    await useReplicas([one]);
    expect(await who(bystander)).toBe(one.name);
    one.signal('SIGSTOP');
    try {
      expect(await Promise.all(Array.from({ length: 20 }, () => who(bystander)))).toEqual(Array(20).fill(primary.name));
      expect(changes).toEqual([leftOut(one)]);
      expect(await who(bystander)).toBe(primary.name);
    } finally {
      one.signal('SIGCONT');
    }
    await until(() => changes.length === 2);
    expect(await who(bystander)).toBe(one.name);
  });

  test.each([
    // Takes a lock that the statement is in the way of, so that the replay ends it.
    ['is in the way of the replay', () => gateway.database.owner('alter table account no force row level security')],
    [
      'loses its connection',
      () => one.ask("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"),
    ],
  ])('under which a statement %s stays in use, and the primary answers', async (_what, cut) => {
    const { owner } = gateway.database;
    await useReplicas([one]);
    await owner(
      'create policy slow on account as restrictive using (not pg_is_in_recovery() or pg_sleep(30) is not null)',
    );
    await servers.caughtUp();
    const asked = bystander.graphql('{ accounts(first: 1) { totalCount nodes { name } } }');
    const asleep = "select from pg_stat_activity where wait_event = 'PgSleep'";
    await until(async () => (await one.ask(asleep)).length > 0);
    await cut();
    const { body } = await asked;
    await owner('drop policy slow on account');
    expect(body.errors).toBeUndefined();
    expect(body.data.accounts.nodes).toHaveLength(1);
    expect(await who(bystander)).toBe(one.name);
    expect(changes).toEqual([]);
  });

  test('that lags is spared as long as another does not', async () => {
    await servers.pause(one);
    try {
      await write(client);
      await delay(4_000);
      for (let at = 0; at < 4; at++) expect(await who(bystander)).toBe(two.name);
      expect(changes).toEqual([]);
    } finally {
      await servers.resume(one);
    }
  });

  test('that is far behind at the start is not used before it has all there was then', async () => {
    await pauseAll();
    const { id } = await write(client, 'before the start');
    await openReplicas();
    expect(changes.sort()).toEqual([leftOut(one), leftOut(two)].sort());
    changes = [];
    // Nothing is remembered of the client: it might have written through another process, which is gone.
    expect(await nameSeenBy(client, id)).toBe('before the start');
    expect(await who(bystander)).toBe(primary.name);
    await resumeAll();
    await until(() => changes.length === 2);
    expect(await who(bystander)).not.toBe(primary.name);
  });

  test('that lacks the migrations is not used before it has them', async () => {
    await servers.pause(one);
    const later = await testGateway({ database: await servers.open('later') });
    const told: string[] = [];
    try {
      later.services.db.replicas = await Replicas.open(later.services.db, {
        urls: [one.url('later')],
        onChange: (_name, reason) => told.push(reason ?? 'used'),
      });
      const fresh = await later.client();
      const count = async () => (await fresh.graphql('{ orders { totalCount } }')).body;
      expect(await count()).toEqual({ data: { orders: { totalCount: 0 } } });
      expect(told).toEqual([expect.stringContaining('"later" does not exist')]);
      await servers.resume(one);
      await until(() => told.length === 2);
      expect(told[1]).toBe('used');
      expect(await count()).toEqual({ data: { orders: { totalCount: 0 } } });
      expect(one.statements().filter((text) => /\borders\b/.test(text)).length).toBeGreaterThan(0);
    } finally {
      await servers.resume(one);
      await later.close();
    }
  });
});

describe('the process', () => {
  test('starts with a replica that is dead, says so once, uses the other and is ready', async () => {
    const dead = 'postgres://postgres:secret@127.0.0.1:1/gateway';
    const running = start({ DATABASE_URL: primary.url(), DATABASE_REPLICA_URLS: `${dead}, ${one.url()}` });
    const origin = await running.origin;
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    const form = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret };
    const issued = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token } = (await issued.json()) as { access_token: string };
    const asked = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: whoQuery }),
    });
    expect(whoIn({ status: asked.status, body: await asked.json() } as Answer)).toBe(one.name);
    // Looked at again meanwhile, and still dead.
    await delay(2_500);
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
    const lines = running
      .out()
      .match(/^.*a replica is.*$/gm)!
      .map((line) => JSON.parse(line));
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          level: 40,
          replica: '127.0.0.1:1/gateway',
          reason: expect.stringContaining('ECONNREFUSED'),
        }),
        expect.objectContaining({ level: 30, replica: nameOf(one), msg: 'a replica is in use' }),
      ]),
    );
    expect(lines).toHaveLength(2);
    expect(running.out()).not.toContain('secret');
  });
});
