import { readFileSync } from 'node:fs';
import { testGateway } from './support/gateway';

const read = (file: string) => readFileSync(file, 'utf8');

test('package.json, its lock, the first entry of the changelog and /livez name the same version', async () => {
  const { version } = JSON.parse(read('package.json'));
  const lock = JSON.parse(read('package-lock.json'));
  const gateway = await testGateway();
  try {
    const live = await gateway.server.app.inject({ url: '/livez' });
    expect(live.statusCode).toBe(200);
    expect([
      lock.version,
      lock.packages[''].version,
      /^## (\S+) - \d{4}-\d{2}-\d{2}$/m.exec(read('CHANGELOG.md'))?.[1],
      live.json().version,
    ]).toEqual([version, version, version, version]);
  } finally {
    await gateway.close();
  }
});
