/* Arguments that many mutations have, each in the same words. */

/** Whether a mutation is only rehearsed. */
export const dryRun = {
  defaultValue: false,
  description:
    'Judge and show, but write nothing: numbers read DRYRUN-1, DRYRUN-2, ..., and the payment gateway is not asked. Such a request holds this one mutation, else ONE_MUTATION_PER_KEY.',
} as const;

/** What a batch does with entries that the rules refuse. */
export const onError = {
  defaultValue: 'RejectAll',
  description: 'What happens to the rest where some entries are refused.',
} as const;

/** Guards a change against those of others. */
export const expectedVersion = {
  nullable: true,
  description:
    'The version that the change was made with in mind. Where the object has another by now, the change is refused with VersionConflict.',
} as const;

/** What names an object that has a business number. */
export const key = (number: string) => ({ description: `Its id, in any spelling, or its ${number}.` });
