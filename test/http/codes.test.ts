import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import { graphqlErrorCodes, requestErrorCodes, userErrorCodes } from '../../src/domain/errors';

const src = path.resolve('src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== path.join('domain', 'errors.ts'))
  .map((name) => readFileSync(path.join(src, name), 'utf8'));
const text = files.join('\n');
const all = { ...userErrorCodes, ...requestErrorCodes, ...graphqlErrorCodes };

describe('the table of codes', () => {
  test('has every code that is thrown anywhere', () => {
    const thrown = [...text.matchAll(/(?:\bcode: |RequestError\(\s*|userError\(\s*)'([A-Z][A-Z_]+)'/g)].map(
      ([, code]) => code,
    );
    expect(new Set(thrown).size).toBeGreaterThan(30);
    expect(thrown.filter((code) => !(code in all))).toEqual([]);
  });

  test('has none that nothing throws, but for one that clients know from the contract', () => {
    const ours = Object.keys({ ...userErrorCodes, ...requestErrorCodes });
    // What is billed already, billing passes over; acts on it are refused for its state.
    expect(ours.filter((code) => !text.includes(`'${code}'`))).toEqual(['ALREADY_BILLED']);
  });

  test('has those that Apollo throws, but for what goes out as INTERNAL and what its own store of queries says', () => {
    const theirs = Object.values(ApolloServerErrorCode).filter((code) => !(code in all));
    expect(theirs.sort()).toEqual(['INTERNAL_SERVER_ERROR', 'PERSISTED_QUERY_NOT_SUPPORTED']);
    expect(Object.keys(graphqlErrorCodes).filter((code) => !(code in ApolloServerErrorCode))).toEqual([]);
  });

  test('is in docs/errors.md, each code once', () => {
    const page = readFileSync('docs/errors.md', 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| \d* \|/gm)].map(([, code]) => code);
    expect(rows).toEqual(Object.keys(all));
  });
});
