import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { schema } from '../src/graph/build/schema';
import { testGateway } from './support/gateway';

/* What docs/security.md says, and that each of its points has a test. */

const page = readFileSync('docs/security.md', 'utf8');
const owasp = page.slice(page.indexOf('\n## The OWASP API Security Top 10'));

interface Cited {
  file: string;
  name: string;
}

/** The tests that a text names: a file, and the names of tests or groups in it. */
function citedIn(text: string): Cited[] {
  const files = [...text.matchAll(/`(test\/[\w/.-]+\.ts)`: ((?:"[^"]+"(?:, )?)+)/g)];
  return files.flatMap(([, file, names]) => [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => ({ file, name })));
}

/** Whether a file has a test or a group of this name. */
function isThere({ file, name }: Cited): boolean {
  if (!existsSync(file)) return false;
  const text = readFileSync(file, 'utf8');
  const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?:test|describe|\\))\\(\\s*(['"\`])${quoted}\\1,`).test(text);
}

describe('docs/security.md', () => {
  test('goes through all ten points, each with the tests that hold it', () => {
    const points = owasp.split('\n### ').slice(1);
    const numbers = points.map((point) => /^API(\d+): /.exec(point)?.[1]).filter(Boolean);
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, at) => String(at + 1)));
    for (const point of points)
      expect([point.split('\n')[0], citedIn(point).length > 0]).toEqual([expect.anything(), true]);
  });

  test('says nothing in its tables there that no test holds', () => {
    const rows = owasp
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (---|what holds it|subject) /.test(line));
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((row) => citedIn(row).length === 0)).toEqual([]);
  });

  test('names tests that there are', () => {
    const all = citedIn(page);
    expect(all.length).toBeGreaterThan(80);
    // Every file that it names is followed by a name, or is told of in a sentence.
    expect([...page.matchAll(/`(test\/[^`]+)`/g)].filter(([, file]) => !existsSync(file))).toEqual([]);
    expect(all.filter((cited) => !isThere(cited))).toEqual([]);
    expect(isThere({ file: 'test/security.test.ts', name: 'is no test' })).toBe(false);
  });
});

test('the source opens connections where it is known to, and nowhere else', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('playground'))
    .map((file) => file.replaceAll('\\', '/'));
  expect(files.length).toBeGreaterThan(100);
  const imports = /^import (?!type )(.*) from 'node:(net|http|https|http2|tls|dgram|dns)(?:\/promises)?'/gm;
  const calls =
    /(?<![.\w])fetch\(|new (?:Pool|Client|WatchedClient|DataSource|WebSocket|EventSource|OTLPTraceExporter|Stripe)\(/g;
  const found = files.flatMap((file) => {
    const text = readFileSync(`src/${file}`, 'utf8');
    const named = [...text.matchAll(imports)]
      // What looks at addresses and names of statuses asks nobody.
      .filter(([, names]) =>
        names
          .replace(/[{}]|type \w+/g, '')
          .split(',')
          .some((name) => !['', 'isIP', 'BlockList', 'STATUS_CODES', 'IncomingMessage'].includes(name.trim())),
      )
      .map(([, , name]) => `node:${name}`);
    return [...named, ...[...text.matchAll(calls)].map(([call]) => call)].map((way) => `${file} ${way}`);
  });
  expect([...new Set(found)].sort()).toEqual([
    // Listens at a start, and asks nobody.
    'address.ts node:net',
    // The gateway that a command line names.
    'command/import-request.ts fetch(',
    'command/import-request.ts node:http',
    'command/import-request.ts node:https',
    // Stripe's client library, whose connections are kept here.
    'gateway/stripe-account.ts new Stripe(',
    'gateway/stripe-account.ts node:http',
    'gateway/stripe-account.ts node:https',
    // Webhooks, whose addresses are judged.
    'gateway/webhook.ts node:dns',
    'gateway/webhook.ts node:http',
    'gateway/webhook.ts node:https',
    // The key set of the issuer, whose address is configured.
    'http/auth/issuer-keys.ts fetch(',
    // PostgreSQL, and what takes its place in a demo.
    'store/connection/database.ts new DataSource(',
    'store/connection/database.ts new Pool(',
    'store/connection/listener.ts new WatchedClient(',
    // Which of the configured servers takes writes.
    'store/connection/primary.ts new Client(',
    'store/connection/session.ts new Pool(',
    'store/connection/time-limit.ts node:net',
    'store/connection/watchdog.ts new Client(',
    'store/embedded/embedded.ts new Client(',
    'store/embedded/embedded.ts node:net',
    'store/embedded/one-at-a-time.ts new Pool(',
    // The collector of traces, whose address is configured.
    'tracing.ts new OTLPTraceExporter(',
  ]);
});

describe('the graph', () => {
  const types = Object.values(schema().getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const fieldsOf = (shown: boolean) =>
    types.flatMap((type) => {
      const isMeant = shown ? isObjectType(type) || isInterfaceType(type) : isInputObjectType(type);
      return isMeant && 'getFields' in type ? Object.keys(type.getFields()).map((name) => `${type.name}.${name}`) : [];
    });

  test('no field of the graph tells a secret', () => {
    const secret = /\.\w*(token|secret|password|credential)/i;
    // A payment method is given by its token, by whoever makes or changes an account.
    expect(fieldsOf(false).filter((name) => secret.test(name))).toEqual([
      'CreateAccountInput.paymentMethodToken',
      'UpdateAccountInput.paymentMethodToken',
    ]);
    // Shown once, to whom it was made for.
    expect(fieldsOf(true).filter((name) => secret.test(name))).toEqual([
      ...['Client.secrets', 'Mutation.rotateClientSecret', 'Mutation.rotateWebhookSecret'],
      ...[
        'RotateClientSecretPayload.clientSecret',
        'RotateClientSecretPayload.secret',
        'WebhookEndpointPayload.secret',
      ],
    ]);
  });

  test('no mutation makes, changes or shows a client, but for the secret of the client that asks', () => {
    const mutations = Object.keys(schema().getMutationType()!.getFields());
    expect(mutations.length).toBeGreaterThan(20);
    const client = /client|secret|grant|scope/i;
    expect(mutations.filter((name) => client.test(name)).sort()).toEqual(['rotateClientSecret', 'rotateWebhookSecret']);
    const shown = types.map(({ name }) => name).filter((name) => client.test(name));
    expect(
      shown.filter(
        (name) => !/^(Client|ClientDay|ClientErrorCount|ClientSecret|RotateClientSecretPayload)$/.test(name),
      ),
    ).toEqual([]);
    // Whose it is follows from the token: no argument names a client.
    const fields = [
      schema().getMutationType()!.getFields().rotateClientSecret,
      schema().getQueryType()!.getFields().viewer,
    ];
    expect(fields.flatMap(({ args }) => args.map(({ name }) => name))).toEqual(['overlapHours']);
  });
});

test('a token in an address, a cookie or a body is none', async () => {
  const gateway = await testGateway();
  try {
    const { token } = await gateway.client();
    const form = 'application/x-www-form-urlencoded';
    const query = encodeURIComponent('{ viewer { name } }');
    const ask = async (url: string, headers: Record<string, string> = {}, payload?: string) =>
      (await gateway.server.app.inject({ method: payload ? 'POST' : 'GET', url, headers, payload })).statusCode;
    expect(await ask(`/graphql?query=${query}`, { authorization: `Bearer ${token}` })).toBe(200);
    for (const url of [`/graphql?query=${query}&`, '/v1/fulfillments/F-1?']) {
      for (const name of ['access_token', 'token', 'authorization']) {
        expect([name, await ask(`${url}${name}=${token}`)]).toEqual([name, 401]);
        expect([name, await ask(url, { cookie: `${name}=${token}` })]).toEqual([name, 401]);
      }
    }
    const json = 'application/json';
    expect(
      await ask(
        '/graphql',
        { 'content-type': json },
        JSON.stringify({ query: '{ viewer { name } }', access_token: token }),
      ),
    ).toBe(401);
    expect(await ask('/graphql', { 'content-type': form }, `access_token=${token}`)).toBe(401);
  } finally {
    await gateway.close();
  }
});
