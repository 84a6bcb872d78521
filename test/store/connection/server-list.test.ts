import { serverList } from '../../../src/store/connection/server-list';

test('one server stays as it is written, whatever else the URL has', () => {
  for (const url of [
    'postgres://user:p%40ss@db.example.com/gateway?sslmode=verify-full&options=-c%20jit%3Doff',
    'postgresql://[::1]:5433/gateway',
    'postgres:///gateway?host=/var/run/postgresql',
  ]) {
    expect(serverList(url)).toMatchObject({ url, servers: [] });
  }
  expect(serverList('postgres://db.example.com:5433/gateway').name).toBe('db.example.com:5433');
  expect(serverList('postgres:///gateway').name).toBe('localhost');
  expect(serverList('postgres:///gateway?host=/var/run/postgresql').name).toBe('/var/run/postgresql');
});

test('several servers are written as libpq has them', () => {
  expect(
    serverList('postgres://user:a%2Cb@db1,db2:5433,[::1]:5434/gateway?target_session_attrs=read-write&sslmode=require'),
  ).toEqual({
    url: 'postgres://user:a%2Cb@db1/gateway?sslmode=require',
    servers: [
      { host: 'db1', port: 5432 },
      { host: 'db2', port: 5433 },
      { host: '::1', port: 5434 },
    ],
    name: 'db1, db2:5433, [::1]:5434',
  });
  expect(serverList('postgres://db1,db2/gateway?target_session_attrs=primary').url).toBe('postgres://db1/gateway');
});

test.each([
  ['postgres://db1,,db2/gateway', /names the server ""/],
  ['postgres://db1:0,db2/gateway', /names the server "db1:0"/],
  ['postgres://db1:70000,db2/gateway', /names the server "db1:70000"/],
  ['postgres://db1:x,db2/gateway', /names the server "db1:x"; servers such as db1.example.com:5432 are allowed/],
  [
    'postgres://db1,db2/gateway?target_session_attrs=any',
    /target_session_attrs=any; .* read-write and primary are allowed/,
  ],
  ['postgres://db1/gateway?target_session_attrs=standby', /target_session_attrs=standby/],
  ['db1,db2', /must be a URL/],
  ['postgres://db1:70000/gateway', /^DATABASE_URL is no valid URL\. Its form is postgres:/],
  ['postgres://user:a#b@db1/gateway', /%23 stands for #/],
  ['postgres://user:a/b@db1/gateway', /%2F for \//],
  ['postgres://user:a%@db1/gateway', /%25 for %/],
])('%s is refused with what is allowed', (url, message) => {
  expect(() => serverList(url)).toThrow(message);
});
