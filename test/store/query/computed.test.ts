import fc from 'fast-check';
import type { Money } from '../../../src/domain/billing';
import { compare } from '../../../src/domain/decimal';
import { type Form, forms } from '../../../src/graph/model/columns';
import { type ComputedField, computedFields } from '../../../src/graph/model/computed';
import { listOf } from '../../../src/graph/model/nouns';
import { computedSql } from '../../../src/store/query/computed';
import { type TestDatabase, testDatabase } from '../../support/database';

let database: TestDatabase;
let enums: Record<string, string[]>;

beforeAll(async () => {
  database = await testDatabase();
  const rows = await database.owner<{ name: string; values: string[] }>(
    'select typname::text as name, array_agg(enumlabel::text order by enumsortorder) as values from pg_enum join pg_type t on t.oid = enumtypid group by 1',
  );
  enums = Object.fromEntries(rows.map(({ name, values }) => [name, values]));
});
afterAll(() => database.close());

const decimal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.bigInt({ min: 0n, max: 9_999_999_999_999n }),
    fc.integer({ min: 0, max: 999_999_999 }),
  )
  .map(([sign, whole, part]) => `${sign}${whole}.${String(part).padStart(9, '0')}`);

function anyOf(form: Form, type: string, column: string): fc.Arbitrary<unknown> {
  if (form === 'enum') return fc.constantFrom(...enums[type]);
  const arbitraries: { readonly [F in Form]?: fc.Arbitrary<unknown> } = {
    decimal: fc.oneof(decimal, fc.constantFrom('0', '1', '10', '10.5')),
    money: fc.oneof(decimal, fc.constantFrom('0', '0.00', '5', '12.30')),
    integer: fc.nat(100),
    day: fc.constantFrom('2022-01-01', '2024-02-29', '9999-12-31'),
    number: fc.constantFrom('INV00000001', 'CM-ä-1'),
    text: column === 'taxCode' ? fc.constantFrom('A', 'B', 'C') : fc.constantFrom('USD', 'JPY', 'BHD', 'CLF'),
  };
  return arbitraries[form]!;
}

/** Settings, with codes that line items may have: one that is not taxed, and rates that leave remainders. */
const settings: fc.Arbitrary<Money> = fc.record({
  roundingMode: fc.constantFrom('HALF_UP', 'UP', 'DOWN'),
  inclusiveTaxRule: fc.constantFrom('NetFirst', 'TaxFirst'),
  taxCodes: fc
    .tuple(fc.constantFrom('0', '0.07', '0.19', '0.333333333'), fc.constantFrom('0.25', '1', '0.081'))
    .map(([a, b]) => [
      { code: 'A', rate: a },
      { code: 'B', rate: b },
    ]),
});
const settingsInSql = ({ roundingMode, inclusiveTaxRule, taxCodes }: Money) => ({
  rounding_mode: roundingMode,
  inclusive_tax_rule: inclusiveTaxRule,
  tax_codes: taxCodes,
});

const equal = (form: Form, a: unknown, b: unknown): boolean =>
  form === 'decimal' || form === 'money'
    ? a === null || b === null
      ? a === b
      : compare(String(a), String(b)) === 0
    : a === b;

describe.each(Object.keys(computedSql) as ComputedField[])('%s', (name) => {
  test('is the same by SQL as by the domain, for whatever rows', async () => {
    const { noun, form, needs, value } = computedFields[name];
    const { columns, name: table } = listOf(noun).table;
    const row = fc.record(
      Object.fromEntries(
        needs.map((column) => {
          const some = anyOf(forms[noun][column], columns[column].type, column);
          return [column, columns[column].nullable ? fc.option(some) : some];
        }),
      ),
    );
    const known = fc.sample(settings, { numRuns: 20, seed: 20261129 });
    const rows = fc
      .sample(row, { numRuns: 1000, seed: 20261129 })
      .map((each, at) => ({ each, set: known[at % known.length] }));
    const inSql = ({ each }: (typeof rows)[number]) =>
      Object.fromEntries(Object.entries(each).map(([column, one]) => [columns[column].name, one]));
    const answers = await database.owner<{ answer: unknown }>(
      `select ${computedSql[name]} as answer
       from rows from (json_populate_recordset(null::${table}, $1)) with ordinality as t
       join rows from (json_populate_recordset(null::billing_settings, $2)) with ordinality as s using (ordinality)
       order by ordinality`,
      [JSON.stringify(rows.map(inSql)), JSON.stringify(rows.map(({ set }) => settingsInSql(set)))],
    );
    expect(answers).toHaveLength(rows.length);
    const differing = rows.filter(({ each, set }, at) => !equal(form, answers[at].answer, value(each as never, set)));
    expect(differing).toEqual([]);
    // Rows that all come to one value would prove nothing.
    expect(new Set(answers.map(({ answer }) => String(answer))).size).toBeGreaterThan(1);
  });
});

test('whatever follows from its row alone is said in SQL too', () => {
  expect(Object.keys(computedSql)).toEqual(Object.keys(computedFields));
});
