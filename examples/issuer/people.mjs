/** The people of the demo by their subjects. The login page changes their groups. */
export const people = new Map([
  ['person-ada', { name: 'Ada Martin', groups: ['fulfillment-operators', 'billing-clerks'] }],
  ['person-bo', { name: 'Bo Lindqvist', groups: ['fulfillment-operators'] }],
  ['person-chi', { name: 'Chi Nguyen', groups: ['warehouse-europe'] }],
  ['person-dee', { name: 'Dee Okafor', groups: ['book-club'] }],
]);

/** The groups to choose from. `groups.json` gives rights to each but the last. */
export const groups = ['fulfillment-operators', 'billing-clerks', 'warehouse-europe', 'auditors', 'book-club'];
