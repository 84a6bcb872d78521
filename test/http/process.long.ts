import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, createLinkedClient } from '../../src/service/client';
import { makeTenants } from '../../src/store/tenant';
import { version } from '../../src/version';
import { type TestDatabase, testDatabase } from '../support/database';
import { Issuer, signingKey } from '../support/issuer';
import { poolerWithoutOptions } from '../support/pooler';
import { killAll, start } from '../support/process';
import { requestText } from '../support/socket';

/* The real process, as it is started by hand or by a supervisor. */
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterAll(async () => {
  killAll();
  await database.close();
});

const withDatabase = (more: Record<string, string> = {}) => start({ DATABASE_URL: database.url, ...more });
const form = 'application/x-www-form-urlencoded';
const outsideIssuer = {
  JWT_ISSUER: 'https://issuer.example',
  JWT_AUDIENCE: 'gateway',
  JWT_JWKS_URL: 'https://issuer.example/keys',
};
const production = { NODE_ENV: 'production', JWT_SIGNING_KEY: 'a key of thirty-two characters or more' };

describe('the process', () => {
  test('without any client starts, says how to make one, is live and ready, and stops', async () => {
    const gateway = withDatabase();
    const origin = await gateway.origin;
    const live = await fetch(`${origin}/livez`);
    expect([live.status, await live.json()]).toEqual([200, { status: 'up', version }]);
    const ready = await fetch(`${origin}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    expect((await fetch(`${origin}/graphql`, { method: 'POST' })).status).toBe(401);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(gateway.out()).toContain('there is no client yet: npm run client -- create');
    expect(gateway.out()).toContain('JWT_SIGNING_KEY is not set');
    expect(gateway.err()).toBe('');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'answers the request under way before %s ends it with status 0',
    async (signal) => {
      const { clientId, secret } = await createClient(database.db.aside(), {
        name: signal,
        scopes: ['order'],
        grants: [{ entity: 'Acme', orgs: ['North'] }],
      });
      const gateway = withDatabase(production);
      const origin = await gateway.origin;
      const form = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
      });
      const issued = await fetch(`${origin}/oauth/token`, { method: 'POST', body: form });
      const { access_token } = (await issued.json()) as { access_token: string };

      await database.owner('begin');
      await database.owner('lock table account in access exclusive mode');
      const query = `mutation { createAccount(input: {name: "${signal}", currency: "USD"}) { account { name } } }`;
      const asked = fetch(`${origin}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      await database.blocked();
      gateway.child.kill(signal);
      while (!gateway.out().includes('stopping')) await new Promise((resolve) => setTimeout(resolve, 10));
      // A second signal changes nothing.
      gateway.child.kill(signal);
      const ready = await fetch(`${origin}/readyz`);
      expect([ready.status, ready.headers.get('connection'), await ready.json()]).toEqual([
        503,
        'close',
        { status: 'not ready', reason: 'draining' },
      ]);
      // For a moment requests are served as before; then no connection is taken.
      while (await fetch(`${origin}/livez`).catch(() => undefined));
      await database.owner('rollback');

      const answer = await asked;
      expect(await answer.json()).toEqual({ data: { createAccount: { account: { name: signal } } } });
      expect(answer.headers.get('connection')).toBe('close');
      expect(await gateway.ended).toBe(0);
      expect(gateway.out()).not.toMatch(/there is no client|JWT_SIGNING_KEY/);
      expect(gateway.err()).toBe('');
      expect(await database.owner('select name from account where name = $1', [signal])).toHaveLength(1);
    },
  );

  describe('with a client', () => {
    let clientId: string;
    let secret: string;
    beforeAll(async () => {
      ({ clientId, secret } = await createClient(database.db.aside(), {
        name: 'of a process that stops',
        scopes: ['read', 'order'],
        grants: [{ entity: 'Acme', orgs: ['North'] }],
      }));
    });
    const tokenOf = async (origin: string) => {
      const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
      const issued = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
      return ((await issued.json()) as { access_token: string }).access_token;
    };

    /** Asks on one kept-alive connection until a reply ends it; throws where a request is not answered. */
    async function askUntilClosed(url: string, token: string, restMs: number): Promise<number[]> {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const statuses: number[] = [];
      for (let last = false; !last; ) {
        last = await new Promise<boolean>((resolve, reject) => {
          const asked = get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (reply) => {
            statuses.push(reply.statusCode!);
            reply.resume().on('end', () => resolve(reply.headers.connection === 'close'));
          });
          asked.on('error', (error) => reject(new Error(`${error.message} after ${statuses.length} replies`)));
        });
        if (!last) await new Promise((resolve) => setTimeout(resolve, restMs));
      }
      agent.destroy();
      return statuses;
    }

    test('stops under load without a reset: each request is served, and each connection ended by a reply', async () => {
      const gateway = withDatabase(production);
      const origin = await gateway.origin;
      const token = await tokenOf(origin);
      const query = `${origin}/graphql?query={viewer{name}}`;
      const rests = [0, 1, 2, 3, 5, 10, 20, 50, 100, 300];
      const loads = Promise.all(
        rests.flatMap((rest) => [askUntilClosed(query, token, rest), askUntilClosed(`${origin}/livez`, token, rest)]),
      );
      // A connection that is never used, as browsers and load balancers open them, holds nothing up.
      const spare = connect(Number(new URL(origin).port), '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      gateway.child.kill('SIGTERM');
      const statuses = (await loads).flat();
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(await gateway.ended).toBe(0);
      spare.destroy();
      expect(gateway.out()).not.toContain('"status":499');
    });

    test('ends in its time with status 1 where the database is silent, and answers and names what it waits for', async () => {
      const gateway = withDatabase({ ...production, STOP_TIMEOUT_MS: '4000' });
      const origin = await gateway.origin;
      const token = await tokenOf(origin);
      await database.owner('begin');
      await database.owner('lock table account in access exclusive mode');
      const query = 'mutation { createAccount(input: {name: "Silent", currency: "USD"}) { account { name } } }';
      const asked = fetch(`${origin}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      await database.blocked();
      const [{ pid }] = await database.owner<{ pid: number }>(
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      process.kill(pid, 'SIGSTOP');
      try {
        gateway.child.kill('SIGTERM');
        const answer = await asked;
        expect([answer.status, answer.headers.get('connection'), await answer.json()]).toEqual([
          503,
          'close',
          {
            errors: [
              {
                message: 'The server is stopping, and the request was ended. Nothing was changed. Try again.',
                extensions: { code: 'UNAVAILABLE', retryable: true },
              },
            ],
          },
        ]);
        expect(await gateway.ended).toBe(1);
        const [line] = gateway
          .out()
          .split('\n')
          .filter((each) => each.includes('STOP_TIMEOUT_MS has passed'));
        expect(JSON.parse(line)).toMatchObject({ level: 50, waitingFor: ['requests'], requests: [], behindReplies: 1 });
      } finally {
        process.kill(pid, 'SIGCONT');
        await database.owner('rollback');
      }
      expect(await database.owner("select from account where name = 'Silent'")).toEqual([]);
    });
  });

  test('stops in its time with status 0 where the body of a request never arrives', async () => {
    const gateway = withDatabase({ ...production, STOP_TIMEOUT_MS: '4000' });
    const socket = connect(Number(new URL(await gateway.origin).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      requestText(
        'POST /oauth/token',
        [
          ['content-type', form],
          ['content-length', '100'],
        ],
        'grant',
      ),
    );
    // What arrives behind it has been read, and so has this.
    await fetch(`${await gateway.origin}/livez`);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    const [line] = gateway
      .out()
      .split('\n')
      .filter((each) => each.includes('"status":499'));
    expect(JSON.parse(line)).toMatchObject({ msg: 'request', path: '/oauth/token' });
    expect(JSON.parse(line)).not.toHaveProperty('unsent');
    socket.destroy();
  });

  test('tells each statement from SIGUSR2 on, and no more after another', async () => {
    const gateway = withDatabase();
    const ready = `${await gateway.origin}/readyz`;
    for (const level of ['debug', 'info']) {
      await fetch(ready);
      gateway.child.kill('SIGUSR2');
      while (!gateway.out().includes(`"logLevel":"${level}"`)) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await fetch(ready);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    const told = gateway.out().split(/"logLevel":"(?:debug|info)"/);
    const statement = /"summary":"select migrations","rows":\d+,"milliseconds":[\d.]+,"msg":"statement"/;
    expect(told.map((part) => statement.test(part))).toEqual([false, true, false]);
  });

  describe('that is told of an issuer and of proxies', () => {
    const key = signingKey('ec');
    let issuer: Issuer;
    beforeAll(async () => {
      issuer = await Issuer.start(key);
    });
    afterAll(() => issuer.down());

    test('takes tokens of the one and the word of the others', async () => {
      await createLinkedClient(database.db.aside(), {
        ...{ name: 'Linked', subject: 'erp@clients', scopes: ['read'] },
        grants: [{ entity: 'Acme', orgs: ['North'] }],
      });
      const { issuer: JWT_ISSUER, audience: JWT_AUDIENCE, jwksUrl: JWT_JWKS_URL } = issuer;
      const outside = { JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS_URL };
      const gateway = withDatabase({ ...production, ...outside, TRUST_PROXY: '127.0.0.0/8' });
      const origin = await gateway.origin;
      const ask = (token: string) =>
        fetch(`${origin}/graphql?query={viewer{clientId}}`, {
          headers: { authorization: `Bearer ${token}` },
        });
      expect((await ask(issuer.token(key))).status).toBe(200);
      expect((await ask(issuer.token(key, { aud: 'elsewhere' }))).status).toBe(401);
      for (let i = 0; i < 101; i++) {
        const headers = { 'x-forwarded-for': `192.0.2.${i}` };
        const { status } = await fetch(`${origin}/oauth/token`, {
          method: 'POST',
          headers,
          body: new URLSearchParams(),
        });
        expect(status).toBe(400);
      }
      gateway.child.kill('SIGTERM');
      expect(await gateway.ended).toBe(0);
      // The client does not learn what is wrong with its token; who runs the gateway does.
      expect(gateway.out()).toContain('"cause":"The aud claim value is not allowed."');
    });
  });

  test('outlives a promise that fails and that nobody waits for, and tells of it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'fault-'));
    const fault = path.join(folder, 'fault.cjs');
    writeFileSync(fault, "process.on('SIGWINCH', () => { Promise.reject(new Error('nobody waits')); });");
    const gateway = withDatabase({ NODE_OPTIONS: `--require ${fault}`, METRICS_TOKEN: 'a-token-of-the-tests' });
    const origin = await gateway.origin;
    gateway.child.kill('SIGWINCH');
    while (!gateway.out().includes('"msg":"a promise failed that nobody waits for"'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    const headers = { authorization: 'Bearer a-token-of-the-tests' };
    expect(await (await fetch(`${origin}/metrics`, { headers })).text()).toContain(
      'gateway_unhandled_rejections_total 1\n',
    );
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    rmSync(folder, { recursive: true });
  });

  test('outlives housekeeping of which one part fails while another is waited for', async () => {
    // A policy that fails for whoever looks: a start checks that there is one, not its condition.
    await database.owner('alter policy outlived on idempotency_outcome using (1 / 0 = 1)');
    await database.owner('begin');
    await database.owner('lock table payment_attempt in access exclusive mode');
    const gateway = withDatabase();
    const origin = await gateway.origin;
    await database.blocked();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await fetch(`${origin}/livez`)).status).toBe(200);
    await database.owner('rollback');
    while (!gateway.out().includes('failed: housekeeping')) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(gateway.out()).not.toContain('a promise failed');
    await database.owner(
      "alter policy outlived on idempotency_outcome using (created_date < now() - interval '24 hours')",
    );
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });
});

describe('a start that cannot work ends with one line and status 1:', () => {
  const refused = async (env: Record<string, string>) => {
    const gateway = start(env);
    const status = await gateway.ended;
    return { status, line: gateway.err() };
  };

  test.each<[string, Record<string, string>, string]>([
    ['a port that is none', { PORT: 'http' }, 'PORT is "http"; a whole number from 0 to 65535 is allowed.'],
    [
      'a log level that is none',
      { LOG_LEVEL: 'loud' },
      'LOG_LEVEL is "loud"; fatal, error, warn, info, debug, trace, silent are allowed.',
    ],
    ['another database', { DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must begin with postgres:// or postgresql://.'],
    [
      'a replica that is no PostgreSQL',
      { DATABASE_URL: 'postgres://127.0.0.1/none', DATABASE_REPLICA_URLS: 'postgres://127.0.0.1/none, mysql://x' },
      'DATABASE_REPLICA_URLS must be postgres:// URLs, separated by commas.',
    ],
    [
      'replicas of the embedded database',
      { DATABASE_REPLICA_URLS: 'postgres://127.0.0.1/none' },
      'DATABASE_REPLICA_URLS needs DATABASE_URL: the embedded database has no replicas.',
    ],
    [
      'an issuer without its keys',
      { JWT_ISSUER: 'https://issuer.example', JWT_AUDIENCE: 'gateway' },
      'JWT_JWKS_URL must be set too: JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS_URL belong together.',
    ],
    [
      'groups in a demo that are none',
      { ...outsideIssuer, JWT_GROUPS: '{"claim": 7, "groups": {}}' },
      'JWT_GROUPS is wrong. claim must be a text that is not empty.',
    ],
    [
      'groups in production that are none',
      { ...outsideIssuer, ...production, JWT_GROUPS: '{"claim": "groups", "groups": {}}' },
      'JWT_GROUPS is wrong. groups must have a group.',
    ],
    [
      'a short key',
      { JWT_SIGNING_KEY: 'short' },
      'JWT_SIGNING_KEY must have at least 32 characters. Make a key with: openssl rand -base64 32',
    ],
    [
      'a token for metrics that is easily guessed',
      { METRICS_TOKEN: 'metrics' },
      'METRICS_TOKEN must have at least 16 letters, digits or any of . _ ~ + / = -.',
    ],
    [
      'a collector of traces without an address',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
      'OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// URL, such as http://127.0.0.1:4318.',
    ],
    [
      'more traces than all of them',
      { OTEL_TRACES_SAMPLER_ARG: '2' },
      'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1.',
    ],
    [
      'production without a database',
      production,
      'NODE_ENV=production needs DATABASE_URL: the embedded database is for development and demos.',
    ],
    [
      'production without a key',
      { NODE_ENV: 'production', DATABASE_URL: 'postgres://127.0.0.1/none' },
      'NODE_ENV=production needs JWT_SIGNING_KEY, a secret of at least 32 characters.',
    ],
  ])('%s', async (_name, env, line) => {
    expect(await refused(env)).toEqual({ status: 1, line: `${line}\n` });
  });

  test('groups that see an entity or an org that there is not', async () => {
    await makeTenants(database.db.aside(), [{ entity: 'Acme', org: 'North' }]);
    const grants = [
      { entity: 'Acme', orgs: ['North', 'Nort'] },
      { entity: 'Acmee', allOrgs: true },
    ];
    const JWT_GROUPS = JSON.stringify({ claim: 'groups', groups: { operators: { scopes: ['read'], grants } } });
    const { status, line } = await refused({ ...outsideIssuer, JWT_GROUPS, DATABASE_URL: database.url });
    expect([status, line]).toEqual([
      1,
      'JWT_GROUPS names what there is not: the org Nort of Acme, the entity Acmee. Make them with npm run client -- create.\n',
    ]);
  });

  test('production on demo data', async () => {
    const demo = await testDatabase();
    try {
      await createClient(demo.db.aside(), {
        name: 'Demo',
        scopes: ['read'],
        grants: [{ entity: 'Acme', orgs: ['North'] }],
        clientId: '00000000-0000-4000-8000-000000000001',
        secret: 'demo-secret',
      });
      const { status, line } = await refused({ ...production, DATABASE_URL: demo.url });
      expect([status, line]).toEqual([
        1,
        'NODE_ENV=production does not run on demo data: its client secrets are public.\n',
      ]);
    } finally {
      await demo.close();
    }
  });

  test('a port that is taken, before anything is written', async () => {
    const other: Server = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    const DATA_DIR = path.join(tmpdir(), `start-${port}`);
    const { status, line } = await refused({ DATA_DIR, PORT: String(port) });
    other.close();
    expect([status, line]).toEqual([
      1,
      `127.0.0.1:${port} is in use: stop the process that listens there, or set PORT.\n`,
    ]);
    expect(existsSync(DATA_DIR)).toBe(false);
  });

  test.each([
    ['an address of another machine', '192.0.2.1', 'HOST is "192.0.2.1", which is no address of this machine.'],
    ['a host with a port', '127.0.0.1:4000', 'HOST is "127.0.0.1:4000", which is no address and no known name.'],
  ])('%s', async (_name, HOST, line) => {
    expect(await refused({ DATABASE_URL: database.url, HOST })).toEqual({ status: 1, line: `${line}\n` });
  });

  test('a certificate that is not there', async () => {
    const url = `${database.url}?sslmode=verify-full&sslrootcert=/nowhere.pem`;
    const { status, line } = await refused({ DATABASE_URL: url });
    expect([status, line.split('\n')]).toEqual([
      1,
      [expect.stringMatching(/^DATABASE_URL names the file \/nowhere\.pem, which cannot be read: ENOENT/), ''],
    ]);
  });

  test('a data folder that cannot be made, and binaries that are not there', async () => {
    const place = await refused({ DATA_DIR: path.join(__filename, 'data') });
    expect(place.status).toBe(1);
    expect(place.line).toMatch(
      /^The embedded PostgreSQL in \S+ does not start: ENOTDIR[^\n]+ or set DATA_DIR or DATABASE_URL\n$/,
    );
    const dataDir = mkdtempSync(path.join(tmpdir(), 'start-'));
    chmodSync(dataDir, 0o755);
    const binaries = await refused({ DATA_DIR: dataDir, EMBEDDED_PG_BIN: __dirname });
    rmSync(dataDir, { recursive: true, force: true });
    expect(binaries.status).toBe(1);
    expect(binaries.line).toMatch(/^[^\n]+ has no initdb, pg_ctl, postgres: set EMBEDDED_PG_BIN [^\n]+\n$/);
  });

  test('and leaves no embedded database running behind it', async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'start-'));
    // The account that PostgreSQL runs under has to get in.
    chmodSync(dataDir, 0o755);
    const operators = { scopes: ['read'], grants: [{ entity: 'Nobody', allOrgs: true }] };
    const JWT_GROUPS = JSON.stringify({ claim: 'groups', groups: { operators } });
    try {
      const { ended } = start({ ...outsideIssuer, JWT_GROUPS, DATA_DIR: dataDir });
      expect(await ended).toBe(1);
      const data = path.join(dataDir, 'postgres/cluster/data');
      expect(existsSync(path.join(data, 'PG_VERSION'))).toBe(true);
      expect(existsSync(path.join(data, 'postmaster.pid'))).toBe(false);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
    // It fills in the whole demo before it finds out.
  }, 120_000);

  test('a pooler that drops the options of connections, and with them the role', async () => {
    const pooler = await poolerWithoutOptions(new URL(database.url));
    const { status, line } = await refused({ DATABASE_URL: pooler.url, DATABASE_PREPARE: 'on' });
    await pooler.close();
    expect([status, line]).toEqual([
      1,
      `The connection pooler at ${new URL(pooler.url).host} drops the options of connections, and with them the role of the gateway. Set DATABASE_PREPARE=off, or configure the pooler to pass options on.\n`,
    ]);
  });

  test('a database that cannot be reached', async () => {
    const { status, line } = await refused({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    expect(status).toBe(1);
    expect(line).toMatch(/^[^\n]*ECONNREFUSED[^\n]*\n$/);
  });
});
