import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import WebSocket from 'ws';
import { metricsOf, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { eventSource, socketClient } from '../../support/live';
import { exchange, requestText } from '../../support/socket';
import { fulfillments, until } from '../../support/webhooks';

/* What clients do wrong, and what they may do, on a WebSocket and with server-sent events. */

let gateway: TestGatewayServer;
let address: string;
let port: number;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ server: { limits: { subscriptions: 5 }, maxNamelessSockets: 8 } });
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  port = Number(new URL(address).port);
  client = await gateway.client();
  await orderFor(await client.work());
}, 60_000);
afterAll(() => gateway.close());

const counts = 'subscription { fulfillmentCounts { state count } }';
const all: WebSocket[] = [];
afterEach(() => {
  for (const socket of all.splice(0)) socket.terminate();
});

async function open(
  protocol: string | string[] = 'graphql-transport-ws',
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, protocol, { headers });
  all.push(socket);
  await once(socket, 'open');
  return socket;
}
const send = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));
const closed = async (socket: WebSocket) => {
  const [code, reason] = await once(socket, 'close');
  return [code, String(reason)];
};
const init = (params: object = { authorization: `Bearer ${client.token}` }) => ({
  type: 'connection_init',
  payload: params,
});
const message = async (socket: WebSocket) => JSON.parse(String((await once(socket, 'message'))[0]));
async function begun(): Promise<WebSocket> {
  const socket = await open();
  send(socket, init());
  expect(await message(socket)).toMatchObject({ type: 'connection_ack', payload: { requestId: expect.any(String) } });
  return socket;
}
async function refusal(payload: object): Promise<unknown> {
  const socket = await begun();
  send(socket, { type: 'subscribe', id: '1', payload });
  const { type, id, payload: errors } = await message(socket);
  expect([type, id]).toEqual(['error', '1']);
  return { message: errors[0].message, code: errors[0].extensions.code };
}

describe('a WebSocket is closed with the code that says why', () => {
  test('if it names no protocol of ours', async () => {
    const socket = await open([]);
    expect(await closed(socket)).toEqual([4406, 'Subprotocol not acceptable']);
  });

  test('if no connection_init comes within three seconds', async () => {
    expect(await closed(await open())).toEqual([4408, 'Connection initialisation timeout']);
  });

  test.each([
    ['without a token', {}, 4403, /bearer token is required/],
    ['with a token that is none', { Authorization: 'Bearer x.y.z' }, 4403, /not valid/],
    ['with an entity that is none', { 'Zuora-Entity-Ids': 'x' }, 4400, /Zuora-Entity-Ids/],
    ['with an entity of others', { 'Zuora-Entity-Ids': 'f'.repeat(32) }, 4403, /no entity/],
    ['with a value that is no text', { authorization: 7 }, 4403, /bearer token is required/],
  ])('if connection_init comes %s', async (_what, params, code, reason) => {
    const socket = await open();
    const own = code === 4400 || 'Zuora-Entity-Ids' in params ? { authorization: `Bearer ${client.token}` } : {};
    send(socket, init({ ...own, ...params }));
    expect(await closed(socket)).toEqual([code, expect.stringMatching(reason)]);
  });

  test('if it subscribes before, begins twice, or subscribes twice under one id', async () => {
    const early = await open();
    send(early, { type: 'subscribe', id: '1', payload: { query: counts } });
    expect(await closed(early)).toEqual([4401, 'Unauthorized']);
    const twice = await begun();
    send(twice, init());
    expect(await closed(twice)).toEqual([4429, 'Too many initialisation requests']);
    const same = await begun();
    send(same, { type: 'subscribe', id: '1', payload: { query: counts } });
    send(same, { type: 'subscribe', id: '1', payload: { query: counts } });
    expect(await closed(same)).toEqual([4409, 'Subscriber for 1 already exists']);
  });

  test.each([
    ...['{', '[]', 'null', '"x"', '{"type":"next"}', '{"type":"subscribe","id":7}', '{"type":"subscribe","id":"1"}'],
    '{"type":"next","id":"1","payload":{}}',
  ])('if it sends %s', async (text) => {
    const socket = await begun();
    socket.send(text);
    expect((await closed(socket))[0]).toBe(4400);
  });

  test('if a message has a megabyte', async () => {
    const socket = await begun();
    socket.send('x'.repeat(1_000_000));
    expect((await closed(socket))[0]).toBe(1009);
  });
});

describe('the WebSockets of a client', () => {
  /** A WebSocket that is refused at its connection_init. */
  const refused = async (token: string) => {
    const socket = await open();
    send(socket, init({ authorization: `Bearer ${token}` }));
    return closed(socket);
  };
  const held = async (token: string) => {
    const socket = await open();
    send(socket, init({ authorization: `Bearer ${token}` }));
    expect((await message(socket)).type).toBe('connection_ack');
    return socket;
  };
  const subscribed = async (socket: WebSocket, id: string) => {
    send(socket, { type: 'subscribe', id, payload: { query: counts } });
    const { type, payload } = await message(socket);
    return type === 'error' ? payload[0].extensions.code : type;
  };

  test('count as subscriptions while they have none: one too many is closed with 1013', async () => {
    const { token } = await gateway.client();
    const sockets = [];
    for (let count = 0; count < 5; count++) sockets.push(await held(token));
    expect(await refused(token)).toEqual([1013, expect.stringContaining('The client has 5 subscriptions already.')]);
    // The first subscription takes the place of its WebSocket.
    expect(await subscribed(sockets[0], '1')).toBe('next');
    expect(await subscribed(sockets[0], '2')).toBe('RATE_LIMITED');
    sockets[1].close();
    await once(sockets[1], 'close');
    expect(await subscribed(sockets[0], '3')).toBe('next');
    // Its WebSocket keeps one place, whatever ends on it.
    for (const id of ['1', '3']) send(sockets[0], { type: 'complete', id });
    expect(await subscribed(sockets[0], '4')).toBe('next');
    await held(token);
    expect((await refused(token))[0]).toBe(1013);
    // Another client has its own.
    await held(client.token);
  });

  test('are tried again by the client of graphql-ws, until there is room', async () => {
    const { token } = await gateway.client();
    const sockets = [];
    for (let count = 0; count < 5; count++) sockets.push(await held(token));
    const retryWait = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
    const more = { retryAttempts: 100, retryWait };
    const waiting = socketClient(address, { authorization: `Bearer ${token}` }, more);
    const received = waiting.subscribe({ query: counts });
    while (waiting.closes.length < 2) await retryWait();
    expect(waiting.closes[0].code).toBe(1013);
    sockets[0].close();
    expect((await received.next()).data.fulfillmentCounts).toHaveLength(5);
    await waiting.client.dispose();
  });

  test('count as a request each', async () => {
    const { token, graphql } = await gateway.client();
    const left = async () => Number((await graphql('{ __typename }')).headers['ratelimit-remaining']);
    const before = await left();
    await held(token);
    expect(await left()).toBe(before - 2);
  });
});

test('a WebSocket that does not say whose it is makes room for another, and the known ones stay', async () => {
  const known = await begun();
  const silent: WebSocket[] = [];
  for (let count = 0; count < 8; count++) silent.push(await open());
  const cut = closed(silent[0]);
  const later = await begun();
  expect(await cut).toEqual([1013, expect.stringContaining('Too many WebSockets')]);
  expect([...silent.slice(1), known, later].map(({ readyState }) => readyState)).toEqual(Array(9).fill(WebSocket.OPEN));
});

test('an id may be used again at once after its subscription was completed', async () => {
  const socket = await begun();
  const got: { type: string }[] = [];
  socket.on('message', (data) => got.push(JSON.parse(String(data))));
  const answers = (count: number) =>
    until(
      async () => got.map(({ type }) => type),
      ({ length }) => length >= count,
    );
  const subscribe = { type: 'subscribe', id: '1', payload: { query: counts } };
  send(socket, subscribe);
  await answers(1);
  for (let at = 0; at < 10; at++) {
    send(socket, { type: 'complete', id: '1' });
    send(socket, subscribe);
    if (at % 2) await new Promise((resolve) => setTimeout(resolve, at));
  }
  await answers(2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  got.splice(0);
  await fulfillments(client, 1);
  expect(await answers(1)).toEqual(['next']);
  send(socket, { type: 'complete', id: '1' });
  await fulfillments(client, 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(got).toHaveLength(1);
});

test('a token, entity and orgs may come in the headers of the WebSocket too, and connection_init wins', async () => {
  const { entityId } = (await client.work()).caller;
  const own = { authorization: `Bearer ${client.token}`, 'zuora-entity-ids': entityId };
  const socket = await open('graphql-transport-ws', own);
  send(socket, { type: 'connection_init' });
  expect((await message(socket)).type).toBe('connection_ack');
  send(socket, { type: 'subscribe', id: '1', payload: { query: counts } });
  expect((await message(socket)).payload.data.fulfillmentCounts).toHaveLength(5);
  const foreign = await open('graphql-transport-ws', { ...own, 'zuora-entity-ids': 'f'.repeat(32) });
  send(foreign, { type: 'connection_init' });
  expect((await closed(foreign))[0]).toBe(4403);
  const both = await open('graphql-transport-ws', { ...own, 'zuora-entity-ids': 'f'.repeat(32) });
  send(both, init({ 'Zuora-Entity-Ids': entityId }));
  expect((await message(both)).type).toBe('connection_ack');
});

describe('a subscription is refused with a coded error', () => {
  test.each([
    ['a mutation', { query: 'mutation { postBillRun(key: "1") { userErrors { code } } }' }, 'BAD_REQUEST'],
    [
      'two roots',
      { query: 'subscription { fulfillmentCounts { count } orders { totalCount } }' },
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['no root', { query: 'subscription { fulfillmentCounts @skip(if: true) { count } }' }, 'BAD_USER_INPUT'],
    ['introspection', { query: 'subscription { __schema { types { name } } }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['no text', { query: '' }, 'BAD_REQUEST'],
    ['what is no GraphQL', { query: 'subscription {' }, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: 'subscription { nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['an absent variable', { query: 'subscription ($k: ID!) { order(key: $k) { id } }' }, 'BAD_USER_INPUT'],
    ['an unknown cursor', { query: 'subscription { events(after: "x") { cursor } }' }, 'BAD_CURSOR'],
    ['a page that is too long', { query: 'subscription { orders(first: 1000) { totalCount } }' }, 'PAGE_SIZE'],
    [
      'an id without a document',
      { query: '', extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
      'PERSISTED_QUERY_NOT_FOUND',
    ],
    ['an unknown name', { query: counts, operationName: 'X' }, 'OPERATION_RESOLUTION_FAILURE'],
  ])('if it has %s', async (what, payload, code) => {
    if (what === 'a page that is too long') {
      const socket = await begun();
      send(socket, { type: 'subscribe', id: '1', payload });
      const next = await message(socket);
      expect(next.payload.errors[0].extensions.code).toBe(code);
      return;
    }
    expect(await refusal(payload)).toMatchObject({ code });
  });

  test('if its cursor is that of another list', async () => {
    const { body } = await client.graphql('{ orders(first: 1) { pageInfo { endCursor } } }');
    const after = body.data.orders.pageInfo.endCursor;
    const query = 'subscription ($after: String) { events(after: $after) { cursor } }';
    expect(await refusal({ query, variables: { after } })).toMatchObject({ code: 'BAD_CURSOR' });
  });

  test('if the client has no scope to read', async () => {
    const blind = await gateway.client({ scopes: ['fulfill'] });
    const received = socketClient(address, { authorization: `Bearer ${blind.token}` }).subscribe({ query: counts });
    expect((await received.ending())[0].extensions.code).toBe('FORBIDDEN');
  });

  test('if the client has as many as it may, until one of them ends', async () => {
    const socket = await begun();
    for (let id = 1; id <= 5; id++) {
      send(socket, { type: 'subscribe', id: String(id), payload: { query: counts } });
      expect((await message(socket)).type).toBe('next');
    }
    send(socket, { type: 'subscribe', id: '6', payload: { query: counts } });
    const { type, payload } = await message(socket);
    expect([type, payload[0].extensions]).toEqual([
      'error',
      { code: 'RATE_LIMITED', limit: 'subscriptions', allowed: 5, requested: 6, retryable: true },
    ]);
    send(socket, { type: 'complete', id: '1' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    send(socket, { type: 'subscribe', id: '7', payload: { query: counts } });
    expect(await message(socket)).toMatchObject({ type: 'next', id: '7' });
  });
});

describe('a query over a WebSocket', () => {
  test('is answered once', async () => {
    const socket = socketClient(address, { authorization: `Bearer ${client.token}` });
    const received = socket.subscribe({ query: '{ viewer { clientId } }' });
    expect(await received.next()).toEqual({ data: { viewer: { clientId: expect.any(String) } } });
    expect(await received.ending()).toBe('complete');
    await socket.client.dispose();
  });
});

describe('server-sent events', () => {
  const asked = (body: object | string, headers: Record<string, string> = {}, method = 'POST', signal?: AbortSignal) =>
    fetch(`${address}/graphql`, {
      method,
      signal,
      headers: {
        authorization: `Bearer ${client.token}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const refused = async (body: object, headers: Record<string, string> = {}) => {
    const response = await asked(body, headers);
    return [
      response.status,
      ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors[0].extensions.code,
    ];
  };

  test('are refused as a request is', async () => {
    expect(await refused({ query: 'subscription { nothing }' })).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    expect(await refused({ query: counts }, { authorization: 'Bearer x.y.z' })).toEqual([401, 'UNAUTHENTICATED']);
    expect(await refused({ query: counts }, { accept: 'application/json' })).toEqual([406, 'NOT_ACCEPTABLE']);
    const mutation = 'mutation { postBillRun(key: "1") { userErrors { code } } }';
    expect(await refused({ query: mutation })).toEqual([400, 'BAD_REQUEST']);
    expect(await refused({ query: counts }, { accept: 'image/png' })).toEqual([406, 'NOT_ACCEPTABLE']);
  });

  test('are not taken for a wish where Accept names them beside others', async () => {
    const accept =
      'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';
    const response = await asked({ query: '{ viewer { clientId } }' }, { accept });
    expect(response.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    const stream = await asked({ query: counts }, { accept });
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await stream.body!.cancel();
  });

  test('answer a query once, if its client takes nothing else', async () => {
    const { received } = await eventSource(`${address}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${client.token}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ query: '{ viewer { clientId } }' }),
    });
    expect((await received.next()).data.viewer.clientId).toBeDefined();
    expect(await received.ending()).toBe('complete');
  });

  test('whose client goes before they begin leave nothing behind', async () => {
    const { owner, blocked } = gateway.database;
    const leaving = await gateway.client();
    const held = async () => {
      const body = await metricsOf(gateway.server);
      return body.match(/^gateway_subscription(s|_connections) \d+$/gm);
    };
    const before = await held();
    // Where the document is looked up, a request waits without having begun.
    await owner('begin');
    await owner('lock table registered_document in access exclusive mode');
    const gone = new AbortController();
    const sha256Hash = createHash('sha256').update(counts).digest('hex');
    const asking = Array.from({ length: 6 }, () =>
      asked(
        { query: counts, extensions: { persistedQuery: { version: 1, sha256Hash } } },
        { authorization: `Bearer ${leaving.token}` },
        'POST',
        gone.signal,
      ),
    );
    await blocked(4);
    gone.abort();
    await Promise.allSettled(asking);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await owner('rollback');
    const stream = await asked({ query: counts }, { authorization: `Bearer ${leaving.token}` });
    expect(stream.status).toBe(200);
    await stream.body!.cancel();
    for (let looks = 0; looks < 50 && String(await held()) !== String(before); looks++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await held()).toEqual(before);
  });

  test('come by GET too, and tell of a cursor that is none', async () => {
    const query = encodeURIComponent('subscription { events(after: "x") { cursor } }');
    const { response, received } = await eventSource(`${address}/graphql?query=${query}`, {
      headers: { authorization: `Bearer ${client.token}`, accept: 'text/event-stream' },
    });
    expect(response.status).toBe(200);
    expect((await received.next()).errors[0].extensions.code).toBe('BAD_CURSOR');
    expect(await received.ending()).toBe('complete');
  });
});

describe('an upgrade', () => {
  test('to a WebSocket elsewhere is refused', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/other`, 'graphql-transport-ws');
    const [error] = await once(socket, 'error');
    expect(String(error)).toMatch(/404/);
  });

  test('to another protocol is left alone, and its request is answered', async () => {
    const body = JSON.stringify({ query: '{ viewer { clientId } }' });
    const lines = [
      ...['POST /graphql HTTP/1.1', 'host: 127.0.0.1', `authorization: Bearer ${client.token}`],
      ...['content-type: application/json', `content-length: ${body.length}`],
      ...['connection: close, Upgrade, HTTP2-Settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAAQCAAAAAAIAAAAA'],
    ];
    const answers = await exchange(port, `${lines.join('\r\n')}\r\n\r\n${body}`);
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(JSON.parse(answers[0].body).data.viewer.clientId).toBe(client.clientId);
  });

  test('behind a request without a reply ends the connection: no reply stands among frames', async () => {
    const body = JSON.stringify({ query: '{ fulfillments { nodes { id } } }' });
    const first = requestText(
      'POST /graphql',
      [
        ['authorization', `Bearer ${client.token}`],
        ['content-type', 'application/json'],
        ['content-length', String(body.length)],
      ],
      body,
    );
    const upgrade = requestText('GET /graphql', [
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      ['sec-websocket-version', '13'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['sec-websocket-protocol', 'graphql-transport-ws'],
    ]);
    expect(await exchange(port, first + upgrade)).toEqual([]);
  });

  test('that ends in the middle harms nobody', async () => {
    for (let times = 0; times < 20; times++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        'GET /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n',
      );
      await new Promise((resolve) => setTimeout(resolve, times % 3));
      socket.destroy();
    }
    expect((await client.graphql('{ viewer { clientId } }')).status).toBe(200);
  });
});
