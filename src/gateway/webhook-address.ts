import { BlockList, isIP } from 'node:net';
import { longestUrl } from '../domain/webhook-endpoint';

/**
 * Addresses that no webhook may go to. A client chooses the URL, and the gateway stands inside the operator's network. So
 * only addresses of the public internet are allowed. Source: IANA special-purpose address registries.
 */
const ranges4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  // Public by its number, but Azure serves its metadata to virtual machines there.
  '168.63.129.16/32',
];
/** Within 2000::/3, the global unicast addresses. Everything outside is forbidden anyway. */
const ranges6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const forbidden4 = new BlockList();
for (const range of ranges4) add(forbidden4, range, 'ipv4');
const forbidden6 = new BlockList();
for (const range of ranges6) add(forbidden6, range, 'ipv6');
const global6 = new BlockList();
add(global6, '2000::/3', 'ipv6');
/** An IPv4 address behind a translator: networks with IPv6 alone reach public IPv4 so (RFC 6052). */
const translated = new BlockList();
add(translated, '64:ff9b::/96', 'ipv6');
const loopback = new BlockList();
add(loopback, '127.0.0.0/8', 'ipv4');

function add(list: BlockList, range: string, family: 'ipv4' | 'ipv6'): void {
  const [network, bits] = range.split('/');
  list.addSubnet(network, Number(bits), family);
}

/** Whether a webhook may go to an IP address. `local` also admits loopback, for a demo and for tests. */
export function isAllowedAddress(address: string, local = false): boolean {
  const family = isIP(address);
  if (family === 4) return !forbidden4.check(address) || (local && loopback.check(address));
  if (family !== 6 || address.includes('%')) return false;
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  if (canonical === '::1') return local;
  if (translated.check(canonical, 'ipv6')) return isAllowedAddress(lastFour(canonical));
  return global6.check(canonical, 'ipv6') && !forbidden6.check(canonical, 'ipv6');
}

/** The IPv4 address in the last 32 bits. */
function lastFour(address: string): string {
  const groups = address.split(':').slice(-2);
  return groups
    .flatMap((group) => {
      const bits = Number.parseInt(group || '0', 16);
      return [bits >> 8, bits & 255];
    })
    .join('.');
}

/** The host of a URL as an IP address, or undefined if it is a name. */
export function addressIn({ hostname }: URL): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) ? bare : undefined;
}

/** Names that always mean this machine, whatever a DNS server says. */
export const isLocalName = (hostname: string): boolean => /^(.+\.)?localhost\.?$/i.test(hostname);

const allowed = 'An https:// URL of a host in the public internet is allowed, without user and password.';

/** The reason why a webhook may not go to a URL; undefined if it may, as far as the URL tells. */
export function wrongUrl(text: string, local = false): string | undefined {
  if (text.length > longestUrl) return `url has ${text.length} characters; at most ${longestUrl} are allowed.`;
  if (!URL.canParse(text)) return `url is not a URL. ${allowed}`;
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(local && url.protocol === 'http:'))
    return `url must begin with https://. ${allowed}`;
  if (url.username || url.password) return `url must not have user or password. ${allowed}`;
  const address = addressIn(url);
  const isAllowed = address === undefined ? !isLocalName(url.hostname) || local : isAllowedAddress(address, local);
  return isAllowed ? undefined : `url must not lead to a private, local or reserved address. ${allowed}`;
}
