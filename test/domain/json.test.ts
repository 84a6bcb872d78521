import fc from 'fast-check';
import { canonical } from '../../src/domain/json';

const json = (value: unknown) => JSON.stringify(canonical(value));

test('objects that differ in the order of their keys alone have equal texts, at every depth', () => {
  expect(json({ b: 1, a: { d: [{ z: 1, y: 2 }], c: null } })).toBe('{"a":{"c":null,"d":[{"y":2,"z":1}]},"b":1}');
  expect(json({ '10': 1, '9': 2, b: 3, a: 4 })).toBe(json({ a: 4, b: 3, '9': 2, '10': 1 }));
});

test('the order of a list, the type of a value and an absent key still tell values apart', () => {
  const values = [[1, 2], [2, 1], ['1', 2], { a: 1 }, { a: '1' }, { a: null }, {}, [], null, '', 0, false, { A: 1 }];
  expect(new Set(values.map(json)).size).toBe(values.length);
});

test('a value stays what it is', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => expect(canonical(value)).toEqual(value)));
  expect(json(JSON.parse('{"__proto__":{"a":1},"a":2}'))).toBe('{"__proto__":{"a":1},"a":2}');
});
