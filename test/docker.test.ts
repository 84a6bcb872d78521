import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { readConfig } from '../src/config';

/* What no test builds here, held against what it is made of. */
const read = (file: string) => readFileSync(path.resolve(file), 'utf8');
const dockerfile = read('Dockerfile').replace(/\\\n\s*/g, ' ');
const compose = read('compose.yaml');
const { engines, scripts } = JSON.parse(read('package.json'));
const lines = (instruction: string) =>
  [...dockerfile.matchAll(new RegExp(`^${instruction} (.+)$`, 'gm'))].map(([, rest]) => rest);

describe('the Dockerfile', () => {
  test('builds and runs on one Node, which is no older than package.json asks for', () => {
    const images = lines('FROM').map((from) => from.split(' ')[0]);
    expect(images.length).toBe(2);
    expect(new Set(images).size).toBe(1);
    const [, major] = /^node:(\d+)-/.exec(images[0])!;
    const [, least] = /^>=(\d+)\./.exec(engines.node)!;
    expect(Number(major)).toBeGreaterThanOrEqual(Number(least));
  });

  test('copies files that there are and that .dockerignore lets in', () => {
    const copied = lines('COPY')
      .filter((copy) => !copy.startsWith('--from='))
      .flatMap((copy) => copy.split(' ').slice(0, -1));
    const [everything, ...letIn] = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(everything).toBe('*');
    expect(copied.filter((file) => !existsSync(path.resolve(file)))).toEqual([]);
    expect([...new Set(copied)].sort()).toEqual(letIn.map((line) => line.replace(/^!/, '')).sort());
  });

  test('builds as npm does and starts what npm start starts, as a user with no rights', () => {
    expect(lines('RUN')).toContain('npm run build');
    expect(scripts.build).toMatch(/^tsc -p src\b/);
    expect(JSON.parse(lines('CMD')[0]).join(' ')).toBe(scripts.start);
    expect(dockerfile.indexOf('\nUSER node')).toBeGreaterThan(dockerfile.lastIndexOf('\nCOPY'));
  });

  test('leaves development dependencies and the embedded PostgreSQL out of what runs', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM'));
    expect(last).toMatch(/npm ci .*--omit=dev --omit=optional/);
    expect(last).toContain('NODE_ENV=production');
  });

  test('has a health check that passes where the process is live, and else fails', async () => {
    const [, command] = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(dockerfile)!;
    const [program, ...args] = JSON.parse(command);
    const statuses: unknown[] = [];
    for (const live of [200, 503]) {
      const server = createServer((request, response) =>
        response.writeHead(request.url === '/livez' ? live : 404).end(),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const env = { PATH: process.env.PATH, PORT: String((server.address() as AddressInfo).port) };
      const child = spawn(program, args, { env, stdio: 'ignore' });
      statuses.push(await new Promise((resolve) => child.on('close', resolve)));
      server.closeAllConnections();
      server.close();
    }
    expect(statuses).toEqual([0, 1]);
  });
});

describe('compose.yaml', () => {
  const asked = [...compose.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);

  test('asks for secrets that .env.example names, and holds none itself', () => {
    const named = [...read('.env.example').matchAll(/^(\w+)=(.*)$/gm)];
    expect(named.map(([, name]) => name).sort()).toEqual([...new Set(asked)].sort());
    expect(named.map(([, , value]) => value)).toEqual(named.map(() => ''));
    expect(read('.gitignore').split('\n')).toContain('.env');
  });

  test('gives the gateway what a production start asks for', () => {
    const gateway = compose.slice(compose.indexOf('\n  gateway:'));
    const environment = /environment:\n((?: {6}.*\n)+)/.exec(gateway)![1];
    const secret = 'a-secret-of-thirty-two-characters-or-more';
    const given = [...environment.matchAll(/^ {6}(\w+): (.*)$/gm)].map(([, name, value]) => [
      name,
      value.replace(/\$\{\w+:\?[^}]*\}/g, secret).replace(/\$\{\w+:-(\w+)\}/, '$1'),
    ]);
    const config = readConfig({ NODE_ENV: 'production', ...Object.fromEntries(given) });
    expect(config).toMatchObject({ production: true, jwtSigningKey: secret, metricsToken: secret, logLevel: 'info' });
    expect(config.databaseUrl).toBe(`postgres://gateway:${secret}@database:5432/gateway`);
  });
});
