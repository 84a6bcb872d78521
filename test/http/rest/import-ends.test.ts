import { connect } from 'node:net';
import { Client } from 'pg';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { header, Importer, lastOf, nextKey, whole } from '../../support/imported';

/* How imports go on and end: with their client, with its rights, with the database, and with time. */

let gateway: TestGatewayServer;
let importer: Importer;

beforeAll(async () => {
  gateway = await testGateway();
  importer = await Importer.of(gateway);
}, 60_000);
afterAll(() => gateway.close());
beforeEach(() => importer.newLines());

const deadlocksOf = async () => {
  await gateway.database.owner('select pg_stat_force_next_flush(), pg_stat_clear_snapshot()');
  const [found] = await gateway.database.owner<{ deadlocks: number }>(
    'select deadlocks::integer from pg_stat_database where datname = current_database()',
  );
  return found;
};

describe('a client', () => {
  test('that reads nothing before its whole file is sent gets the whole reply', async () => {
    // The reply has 25 MB: more than both kernels hold.
    const names = Array.from({ length: 10 }, (_, at) => `${'n'.repeat(240)}${at}__c`);
    const line = JSON.stringify(
      importer.entry({ customFields: Object.fromEntries(names.map((name) => [name, '\u0001'])) }),
    );
    const file = Buffer.from(`${line}\n`.repeat(4_000));
    const answered = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(importer.origin).port), '127.0.0.1');
      socket.on('error', reject);
      socket.write(
        [
          'POST /v1/fulfillments/import HTTP/1.1',
          ...['host: localhost', `authorization: Bearer ${importer.client.token}`, `idempotency-key: ${nextKey()}`],
          ...['content-type: application/jsonl', `content-length: ${file.length}`, 'connection: close', '', ''],
        ].join('\r\n'),
      );
      socket.pause();
      let at = 0;
      const next = () => {
        while (at < file.length) {
          at += 50_000;
          if (!socket.write(file.subarray(at - 50_000, at))) return socket.once('drain', next);
        }
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('end', () => resolve(text));
        return socket.resume();
      };
      next();
    });
    expect(answered.length).toBeGreaterThan(18_000_000);
    expect(answered.match(/"line":/g)).toHaveLength(4_000);
    expect(answered).toContain('{"totals":{"lines":4000,"created":0,"refused":4000,"replayed":0}}');
  });

  test('ends with the rights of its client', async () => {
    const by = await gateway.client();
    let more: (bytes: string) => void = () => {};
    const body = new ReadableStream({
      start: (controller) => {
        more = (bytes) => controller.enqueue(Buffer.from(bytes));
      },
    });
    more(header + importer.rows(1_000));
    const gone = new AbortController();
    const answered = await importer.request(body, { by, signal: gone.signal });
    await gateway.database.owner('update client set revoked_date = now() where id = $1', [by.clientId]);
    more(importer.rows(1_000));
    const text = await answered.text();
    expect(JSON.parse(text.trim().split('\n').at(-1)!).error).toMatchObject({
      code: 'UNAUTHENTICATED',
      afterLine: 1_001,
    });
    gone.abort();
  });

  test('whose upload is no HTTP any more is cut, and gets no second reply within the first', async () => {
    const file = header + importer.rows(1_000);
    const socket = connect(Number(new URL(importer.origin).port), '127.0.0.1');
    const head = [
      'POST /v1/fulfillments/import HTTP/1.1',
      ...['host: localhost', `authorization: Bearer ${importer.client.token}`, `idempotency-key: ${nextKey()}`],
      ...['content-type: text/csv', 'transfer-encoding: chunked', '', ''],
    ];
    socket.write(`${head.join('\r\n')}${file.length.toString(16)}\r\n${file}\r\n`);
    const text = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.includes('"progress"')) socket.write('no length\r\n');
      });
    });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(text).toContain('"progress"');
  });

  test('whose import is taken over by another request carries out nothing more', async () => {
    const key = nextKey();
    const { more, answered, gone } = await importer.open(importer.rows(1_000), { key });
    const { owner } = gateway.database;
    await owner('update fulfillment_import set holder = gen_random_uuid() where key = $1', [key]);
    const before = await importer.count();
    more(importer.rows(1_000));
    expect(await lastOf(answered)).toMatchObject({ error: { code: 'IDEMPOTENCY_IN_PROGRESS', retryable: true } });
    expect(await importer.count()).toBe(before);
    gone.abort();
    // Its client finds the code among the errors of its day, as of any other request.
    while (gateway.server.underWay().requests.length > 0) await new Promise((done) => setTimeout(done, 10));
    await gateway.server.days.flush();
    const days = await gateway.database.owner('select count from client_day where client_id = $1 and code = $2', [
      importer.client.clientId,
      'IDEMPOTENCY_IN_PROGRESS',
    ]);
    expect(days).toEqual([{ count: '1' }]);
  });

  test('is told of an outage amid its file, and the same file goes on', async () => {
    const key = nextKey();
    const { more, answered, gone } = await importer.open(importer.rows(1_000), { key });
    const { owner } = gateway.database;
    const lock = new Client(gateway.database.url);
    await lock.connect();
    await lock.query('begin');
    await lock.query('select from order_line_item where id = $1 for update', [importer.lines[0]]);
    more(importer.rows(1_000));
    const waiting = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%order_line_item%'`;
    while ((await owner(waiting)).length === 0);
    const last = await lastOf(answered);
    await lock.end();
    gone.abort();
    expect(last).toMatchObject({ error: { code: 'UNAVAILABLE', retryable: true, afterLine: 1_001 } });
    expect((await importer.send(header + importer.rows(1_000) + importer.rows(1_000), { key })).told.at(-1)).toEqual({
      totals: { lines: 2_000, created: 2_000, refused: 0, replayed: 1_000 },
    });
  });

  test('hears nothing of a deadlock: the chunk is carried out again', async () => {
    const [first, last] = [importer.lines.toSorted()[0], importer.lines.toSorted().at(-1)];
    const other = new Client(gateway.database.url);
    await other.connect();
    await other.query('begin');
    const lock = (id?: string) => other.query('select from order_line_item where id = $1 for update', [id]);
    await lock(last);
    const { deadlocks } = await deadlocksOf();
    const sent = importer.send(header + importer.rows(30));
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      and query like '%order_line_item%'`;
    while ((await gateway.database.owner(waiting)).length === 0);
    // At once: PostgreSQL looks a second after the import began to wait, and ends it if there is a deadlock by then. Later it
    // would end the other.
    await lock(first);
    await other.end();
    expect((await sent).told.at(-1)).toEqual({ totals: whole(30) });
    expect((await deadlocksOf()).deadlocks).toBeGreaterThan(deadlocks);
  });

  test('that has used its minute up waits for the next one, chunk by chunk', async () => {
    // Three chunks, of which a minute takes one.
    const scarce = await testGateway({ server: { limits: { costPerMinute: 1_000_000, cost: 1_000_000 } } });
    const real = performance.now.bind(performance);
    let minutes = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => real() + minutes * 60_000);
    try {
      const mine = await Importer.of(scarce);
      await mine.newLines();
      const sent = mine.send(header + mine.rows(3_000));
      for (const created of [1_000, 2_000]) {
        while ((await mine.count()) < created) await new Promise((done) => setTimeout(done, 20));
        // Nothing more, although the file is there.
        await new Promise((done) => setTimeout(done, 1_500));
        expect(await mine.count()).toBe(created);
        minutes++;
      }
      const { status, told } = await sent;
      expect([status, told.at(-1)]).toEqual([200, { totals: whole(3_000) }]);
      // The first chunk of a file does not wait: it is refused before anything is sent.
      const next = await mine.send(header + mine.rows(1_000));
      expect([next.status, next.headers.get('retry-after')]).toEqual([429, expect.any(String)]);
    } finally {
      clock.mockRestore();
      await scarce.close();
    }
  });

  test('may have four imports under way', async () => {
    const by = await gateway.client();
    const gone = new AbortController();
    const open = () =>
      fetch(`${importer.origin}/v1/fulfillments/import`, {
        ...{ method: 'POST', signal: gone.signal, duplex: 'half' },
        headers: { authorization: `Bearer ${by.token}`, 'content-type': 'text/csv', 'idempotency-key': nextKey() },
        body: new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(header)) }),
      } as RequestInit).catch(() => undefined);
    const all = Array.from({ length: 4 }, open);
    const held = () =>
      gateway.database.owner('select from fulfillment_import where client_id = $1 and holder is not null', [
        by.clientId,
      ]);
    while ((await held()).length < 4);
    const refused = await importer.send(header, { by });
    expect([refused.status, refused.text]).toEqual([429, expect.stringContaining('4 are allowed')]);
    gone.abort();
    await Promise.all(all);
    while ((await importer.send(header, { by })).status === 429);
  });
});

describe('where a request must arrive within a second', () => {
  let strict: TestGatewayServer;
  let at: string;
  let by: TestClient;
  beforeAll(async () => {
    strict = await testGateway({ server: { receiveTimeoutMs: 1_000, sendTimeoutMs: 1_000 } });
    by = await strict.client();
    at = await strict.server.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(() => strict.close());

  test('a file may take longer, and a client that sends nothing is ended', async () => {
    const { more, end, answered, gone } = await importer.open('x,y,z\n'.repeat(1_000), { by, at });
    for (let times = 0; times < 6; times++) {
      await new Promise((done) => setTimeout(done, 400));
      more('x,y,z\n');
    }
    end();
    expect(await lastOf(answered)).toEqual({ totals: { lines: 1_006, created: 0, refused: 1_006, replayed: 0 } });
    gone.abort();
    const silent = await importer.open('x,y,z\n'.repeat(1_000), { by, at });
    expect(await lastOf(silent.answered)).toMatchObject({ error: { code: 'REQUEST_TIMEOUT', afterLine: 1_001 } });
    silent.gone.abort();
  });
});
