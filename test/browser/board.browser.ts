import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../support/own-process';
import { killAll, type Started, start } from '../support/process';
import { checkBoard } from './board-looks';
import { checkSignIn, checkStranger, signIn } from './board-sign-in';
import { checkOutage, checkWork, type OtherClient, type Servers } from './board-work';
import { checkPlaygroundOutage } from './playground-outage';
import { openWatched } from './watch';

// Walks the board end to end in Chromium, with an issuer and a gateway of its own: one demo for a person who signs in.
//   node dist/test/browser/board.browser.js
// CHROMIUM names another browser, PICTURES a folder for a picture of each look.

const root = path.resolve(__dirname, '../../..');

/** Starts the issuer of examples/issuer, and resolves to its address. */
async function startIssuer() {
  const child = spawn(process.execPath, [path.join(root, 'examples/issuer/issuer.mjs'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /Issuer +(http:\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    child.on('close', () => reject(new Error('the issuer ended before it listened')));
  });
  return { address, stop: () => child.kill() };
}

/** Another client of the demo, which changes what the board shows. */
function otherClient(origin: string): OtherClient {
  return async (query, variables) => {
    const credentials = { grant_type: 'client_credentials', client_secret: 'demo-secret' };
    const body = new URLSearchParams({ ...credentials, client_id: '00000000-0000-4000-8000-000000000001' });
    const granted = await fetch(`${origin}/oauth/token`, { method: 'POST', body });
    const { access_token: token } = (await granted.json()) as { access_token: string };
    const response = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
    if (errors) throw new Error(errors[0].message);
    return data;
  };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'board-'));
  // PostgreSQL runs under another account than root.
  chmodSync(folder, 0o755);
  const issuer = await startIssuer();
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const gateway = (): Started =>
    start({
      ...{ DATA_DIR: folder, PORT: `${port}`, BOARD_CLIENT_ID: 'board' },
      ...{
        JWT_ISSUER: issuer.address,
        JWT_AUDIENCE: 'https://gateway.example',
        JWT_JWKS_URL: `${issuer.address}/jwks`,
      },
      JWT_GROUPS: path.join(root, 'examples/issuer/groups.json'),
    });
  let running = gateway();
  const watched = await openWatched(origin, issuer.address);
  const { expectThat, leaving, violations, errors } = watched;
  try {
    await running.origin;
    const other = otherClient(origin);
    const context = await watched.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await checkSignIn(page, `${origin}/board`, expectThat);
    await checkWork(page, other, expectThat);
    await checkBoard(watched, `${origin}/board`, signIn, expectThat);
    expectThat(leaving.length === 0, `${leaving.length} requests leave the machine ${leaving.join(' ')}`);
    expectThat(violations.length === 0, `${violations.length} CSP violations ${violations.join(' ')}`);
    // The issuer has no icon, and has refused the code that it did not know.
    const others = errors.filter((error) => !/favicon\.ico|\/token$/.test(error));
    expectThat(others.length === 0, `${others.length} other errors ${others.join(' | ')}`);

    // Last, since the console tells of refusals, and of servers that are gone.
    await checkStranger(await (await watched.newContext()).newPage(), `${origin}/board`, expectThat);
    const servers: Servers = {
      async stop() {
        running.child.kill('SIGTERM');
        await running.ended;
      },
      async start() {
        running = gateway();
        await running.origin;
      },
      stopIssuer: issuer.stop,
    };
    await checkOutage(page, other, expectThat, servers);
    await checkPlaygroundOutage(
      await (await watched.newContext()).newPage(),
      `${origin}/playground`,
      servers,
      expectThat,
    );
  } catch (error) {
    await watched.showPages();
    throw error;
  } finally {
    await watched.close();
    running.child.kill('SIGTERM');
    await running.ended;
    killAll();
    issuer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  if (watched.failures.length) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
});
