import { isAllowedAddress, wrongUrl } from '../../src/gateway/webhook-address';

describe('addresses that a webhook may go to', () => {
  test.each([
    ...[
      '8.8.8.8',
      '1.1.1.1',
      '172.15.255.255',
      '172.32.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '169.253.0.1',
      '223.255.255.255',
    ],
    ...['2606:4700:4700::1111', '2a00:1450:4001:80f::200e', '64:ff9b::808:808'],
  ])('%s is in the public internet', (address) => {
    expect(isAllowedAddress(address)).toBe(true);
  });

  test.each([
    ...[
      '127.0.0.1',
      '127.255.255.254',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
    ],
    ...[
      '100.64.0.1',
      '100.100.100.200',
      '192.0.0.192',
      '192.0.2.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.9',
      '224.0.0.1',
    ],
    ...['239.255.255.255', '240.0.0.1', '255.255.255.255', '168.63.129.16', '192.88.99.1'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254', '::ffff:8.8.8.8', '::ffff:a9fe:a9fe', '::127.0.0.1'],
    ...[
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
      'fc00::1',
      'fd00:ec2::254',
      'ff02::1',
      '2001:db8::1',
      '2001::1',
      '2002:7f00:1::',
    ],
    ...[
      '2002:a9fe:a9fe::1',
      '64:ff9b::7f00:1',
      '64:ff9b::a9fe:a9fe',
      '64:ff9b::10.0.0.1',
      '64:ff9b:1::1',
      '100::1',
      '3fff::1',
    ],
    ...['', 'localhost', '1.2.3', 'nonsense'],
  ])('"%s" is not, and is forbidden', (address) => {
    expect(isAllowedAddress(address)).toBe(false);
  });

  test('of this machine are for a demo and for tests alone, and nothing else of the network is', () => {
    for (const address of ['127.0.0.1', '::1'])
      expect([address, isAllowedAddress(address, true)]).toEqual([address, true]);
    for (const address of [
      '10.0.0.1',
      '169.254.169.254',
      '::ffff:127.0.0.1',
      'fd00:ec2::254',
      '64:ff9b::7f00:1',
      '0.0.0.0',
    ]) {
      expect([address, isAllowedAddress(address, true)]).toEqual([address, false]);
    }
  });
});

describe('URLs that a webhook may go to', () => {
  test.each([
    'https://example.com/hook?a=1',
    'https://example.com:8443/',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
  ])('%s is accepted', (url) => {
    expect(wrongUrl(url)).toBeUndefined();
  });

  test.each([
    ...[
      '',
      'x',
      'file:///etc/passwd',
      'ftp://example.com/',
      'gopher://example.com/',
      'data:text/plain,x',
      'http://example.com/',
    ],
    ...[
      'http://169.254.169.254/',
      'https://169.254.169.254/latest/meta-data',
      'https://[::ffff:169.254.169.254]/',
      'https://[::1]/',
    ],
    // One address in the spellings that URLs allow.
    ...[
      'https://2130706433/',
      'https://0x7f000001/',
      'https://0177.0.0.1/',
      'https://127.1/',
      'https://127.0.0.1./',
      'https://１２７.0.0.1/',
    ],
    ...[
      'https://localhost/',
      'https://LOCALHOST./',
      'https://a.localhost/',
      'https://[fe80::1]/',
      'https://[64:ff9b::7f00:1]/',
    ],
    ...['https://user@example.com/', 'https://user:password@example.com/', 'https://:password@example.com/'],
    `https://example.com/${'x'.repeat(2_000)}`,
  ])('"%s" is refused, and what is allowed is told', (url) => {
    const reason = wrongUrl(url);
    expect(reason).toMatch(/^url /);
    expect(reason).toMatch(/allowed/);
  });

  test('of this machine are accepted by http too in a demo, and no other scheme is', () => {
    for (const url of ['http://127.0.0.1:4010/', 'http://localhost:1/', 'https://[::1]/', 'http://example.com/']) {
      expect([url, wrongUrl(url, true)]).toEqual([url, undefined]);
    }
    for (const url of ['file:///etc/passwd', 'http://169.254.169.254/', 'http://10.0.0.1/', 'http://user@localhost/']) {
      expect([url, wrongUrl(url, true)]).toEqual([url, expect.any(String)]);
    }
  });
});
