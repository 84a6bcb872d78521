import { createHash } from 'node:crypto';
import { mostDocuments } from '../../src/domain/registered-document';
import { readManifest } from '../../src/service/manifest';

const text = 'query Lines { viewer { clientId } }';
const hash = (algorithm: string, of = text) => createHash(algorithm).update(of).digest('hex');
const sha256 = hash('sha256');
const apollo = (operations: unknown[], more: object = {}) =>
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations, ...more });
const operation = { id: sha256, name: 'Lines', type: 'query', body: text };

describe('a manifest', () => {
  test.each([
    ['of Apollo', apollo([operation]), sha256],
    ['of Relay, with its own MD5', JSON.stringify({ [hash('md5')]: text }), hash('md5')],
    ['of Relay, with SHA-256', JSON.stringify({ [sha256]: text }), sha256],
    ['of the code generator, with its own SHA-1', JSON.stringify({ [hash('sha1')]: text }), hash('sha1')],
    ['of the code generator, with the prefix of the appendix', JSON.stringify({ [`sha256:${sha256}`]: text }), sha256],
    ['whose digits are in capitals', JSON.stringify({ [sha256.toUpperCase()]: text }), sha256],
    ['that names a document twice', apollo([operation, operation]), sha256],
  ])('%s is read', (_name, manifest, documentId) => {
    expect(readManifest(manifest)).toEqual([{ documentId, text }]);
  });

  test.each([
    [
      'that is cut off',
      apollo([operation]).slice(0, -20),
      'INVALID_VALUE manifest: The manifest is not JSON, or was cut',
    ],
    ['that is empty', '', 'INVALID_VALUE manifest: The manifest is not JSON'],
    ['that is a list', '[]', 'INVALID_VALUE manifest: The manifest is not an object.'],
    ['without documents', '{}', 'REQUIRED manifest: The manifest holds no document.'],
    [
      'of another version',
      apollo([operation], { version: 2 }),
      'INVALID_VALUE manifest: The manifest is of another kind',
    ],
    [
      'of another format',
      apollo([operation], { format: 'x' }),
      'INVALID_VALUE manifest: The manifest is of another kind',
    ],
    [
      'with an operation that is none',
      apollo([null]),
      'INVALID_VALUE manifest: operations[0] of the manifest has no id',
    ],
    [
      'without a text',
      apollo([{ id: sha256 }]),
      `INVALID_VALUE manifest: The document ${sha256} of the manifest has no text`,
    ],
    [
      'with a text that is none',
      `{"${sha256}":7}`,
      `INVALID_VALUE manifest: The document ${sha256} of the manifest has no text`,
    ],
  ])('%s is refused', (_name, manifest, message) => {
    expect(() => readManifest(manifest)).toThrow(message);
  });

  test('whose text is not the one of its id is refused, each by its id', () => {
    const other = hash('sha256', 'query Other { __typename }');
    const manifest = apollo([operation, { ...operation, id: other }, { ...operation, id: 'my-query' }]);
    expect(() => readManifest(manifest)).toThrow(
      expect.objectContaining({
        errors: [
          expect.objectContaining({
            code: 'INVALID_VALUE',
            path: ['manifest', other],
            message: `The id must be the sha256 of the text, which is ${sha256}.`,
          }),
          expect.objectContaining({ code: 'INVALID_VALUE', path: ['manifest', 'my-query'] }),
        ],
      }),
    );
  });

  test('with two operations under one id is refused, since one of them is not the one of the id', () => {
    const manifest = apollo([operation, { ...operation, body: 'query Other { __typename }' }]);
    expect(() => readManifest(manifest)).toThrow(/The id must be the sha256 of the text/);
  });

  test('of ten thousand documents is refused by their number', () => {
    const texts = Array.from({ length: 10_000 }, (_, at) => `query Q${at} { __typename }`);
    const manifest = JSON.stringify(Object.fromEntries(texts.map((each) => [hash('sha256', each), each])));
    expect(() => readManifest(manifest)).toThrow(`holds 10000 documents; at most ${mostDocuments} are allowed`);
  });
});
