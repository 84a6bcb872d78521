import { buildSchema } from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { lint } from '../../support/schema-lint';

test('the schema reads as a document: nothing is left to the lint', () => {
  expect(lint(schema())).toEqual([]);
});

/** A schema that the lint has nothing against, with one thing changed. */
const clean = `
"""Everything there is to look at."""
type Query {
  """The parcels that the caller sees, in pages."""
  parcels(
    """How many rows are asked for."""
    first: Int
    """Rows behind this cursor alone."""
    after: String
    """How many rows from the end of the list."""
    last: Int
    """Rows that precede this cursor."""
    before: String
  ): ParcelConnection
}
"""Everything that customers change by themselves."""
type Mutation {
  """Hands a parcel over to its carrier."""
  sendParcel(
    """Says where it goes and until when."""
    input: SendInput!
  ): SendPayload
}
"""What the carrier has to be told."""
input SendInput {
  """The person who waits at the door."""
  customerId: ID!
  """The last day of delivery that will do."""
  latestDate: Date
}
"""What became of handing it over."""
type SendPayload {
  """Every rule that spoke against it."""
  userErrors: [UserError!]!
}
"""A rule that speaks against something."""
type UserError {
  """The reason in words, for people."""
  message: String!
}
"""A calendar day such as 2026-01-31."""
scalar Date
"""Goods in a box with an address on it."""
type Parcel {
  """Sixteen hex digits that nothing else has."""
  id: ID!
  """Where it stands on its way."""
  state: State
}
"""The stations of the way to a customer."""
enum State {
  """Waits in the warehouse."""
  Packed
  """Left with the carrier."""
  OnTheWay
}
"""A part of a longer list of rows."""
type ParcelConnection {
  """The rows with their cursors."""
  edges: [ParcelEdge!]!
  """The rows by themselves alone."""
  nodes: [Parcel!]!
  """The place of this page in its list."""
  pageInfo: PageInfo!
  """The number of rows in the whole list."""
  totalCount: Int!
}
"""A row of a list together with its cursor."""
type ParcelEdge {
  """The place in the list, for going on from it."""
  cursor: String!
  """The row that stands at this place."""
  node: Parcel!
}
"""The place of a part in its longer list."""
type PageInfo {
  """Whether rows follow behind it."""
  hasNextPage: Boolean!
  """Whether rows come in front of it."""
  hasPreviousPage: Boolean!
  """The place of the first row in it."""
  startCursor: String
  """The place of the last row in it."""
  endCursor: String
}
`;

const since = 'Deprecated since 2026-01-31: use route.';
const deprecated = (reason: string) => ['state: State\n', `state: State @deprecated(reason: "${reason}")\n`] as const;
const notSo =
  'Parcel.state is deprecated, but not as "Deprecated since 2026-01-31: use X. Removal not before 2027-01-31."';

describe('the lint', () => {
  test('has nothing against a schema that is described and named well', () => {
    expect(lint(buildSchema(clean))).toEqual([]);
    const [from, to] = deprecated(`${since} Removal not before 2027-01-31.`);
    expect(lint(buildSchema(clean.replace(from, to)))).toEqual([]);
  });

  const says = (place: string) => [`${place} has a description that says little more than its name`];
  const cases: [what: string, from: string, to: string, found: string[]][] = [
    ['a type without a description', '"""A calendar day such as 2026-01-31."""', '', ['Date has no description']],
    ['a field without one', '"""Where it stands on its way."""', '', ['Parcel.state has no description']],
    ['an argument without one', '"""How many rows are asked for."""', '', ['Query.parcels(first) has no description']],
    [
      'an input field without one',
      '"""The person who waits at the door."""',
      '',
      ['SendInput.customerId has no description'],
    ],
    ['a value without one', '"""Waits in the warehouse."""', '', ['State.Packed has no description']],
    [
      'a description without a full stop',
      'Where it stands on its way.',
      'Where it stands on its way',
      ['Parcel.state has a description without a full stop'],
    ],
    ['a field that says its name', 'Where it stands on its way.', 'The state of the parcel.', says('Parcel.state')],
    ['one that says nothing', 'Sixteen hex digits that nothing else has.', 'Its own.', says('Parcel.id')],
    ['a value that says its name', 'Waits in the warehouse.', 'It is packed.', says('State.Packed')],
    [
      'an argument that says its name',
      'Rows behind this cursor alone.',
      'The parcels after this.',
      says('Query.parcels(after)'),
    ],
    ['a deprecation without a day', ...deprecated('Use route.'), [notSo]],
    ['one on a day that does not exist', ...deprecated(`${since} Removal not before 2027-02-31.`), [notSo]],
    ['one that does not say what to use', ...deprecated('Deprecated since 2026-01-31: use .'), [notSo]],
    ['one that does not say how long it stays', ...deprecated(since), [notSo]],
    [
      'one that stays no longer',
      ...deprecated(`${since} Removal not before 2026-01-31.`),
      ['Parcel.state may be removed no later than it was deprecated'],
    ],
    ['a type in another spelling', 'SendInput', 'sendInput', ['sendInput is not written in PascalCase']],
    [
      'an input named as none',
      'SendInput',
      'Sending',
      ['Sending is an input named as none: Input, Entry, Filter or Order'],
    ],
    [
      'a field in another spelling',
      'latestDate: Date',
      'latest_date: Date',
      ['SendInput.latest_date is not written in camelCase'],
    ],
    ['values of several spellings', 'OnTheWay', 'on_the_way', ['State has values of several spellings']],
    [
      'an id that is a text',
      'customerId: ID!',
      'customerId: String!',
      ['SendInput.customerId is of the type String; an id or key is an ID'],
    ],
    [
      'a day that is a text',
      'latestDate: Date',
      'latestDate: String',
      ['SendInput.latestDate is of the type String, not Date or DateTime'],
    ],
    [
      'a Float',
      'message: String!',
      'message: Float!',
      ['UserError.message is a Float; what is counted in decimals is a Decimal'],
    ],
    ['a page without an end', 'endCursor: String', 'lastCursor: String', ['PageInfo has no field endCursor: String']],
    [
      'a connection of another shape',
      'totalCount: Int!',
      'total: Int!',
      ['ParcelConnection has no field totalCount: Int!'],
    ],
    ['an edge of another shape', 'node: Parcel!', 'parcel: Parcel!', ['ParcelEdge has no field node: Parcel!']],
    [
      'a list that cannot be paged through',
      '"""Rows behind this cursor alone."""\n    after: String',
      '',
      ['Query has parcels, which cannot be paged through'],
    ],
    [
      'a mutation without a payload',
      '): SendPayload',
      '): Parcel',
      ['Mutation has sendParcel, which gives no payload'],
    ],
    [
      'a payload without errors',
      'userErrors: [UserError!]!',
      'errors: [UserError!]!',
      ['SendPayload has no field userErrors: [UserError!]!'],
    ],
  ];

  test.each(cases)('finds %s', (_what, from, to, found) => {
    const changed = clean.replaceAll(from, to);
    expect(changed).not.toBe(clean);
    expect(lint(buildSchema(changed, { assumeValidSDL: true }))).toEqual(found);
  });
});
