/* Arguments that many mutations share. */

export const dryRun = {
  defaultValue: false,
  description:
    'If true, the gateway judges the mutation and shows its result, but writes nothing. New numbers read DRYRUN-1, DRYRUN-2 and so on; the payment gateway is not asked. The request must hold this mutation alone, otherwise ONE_MUTATION_PER_KEY.',
} as const;

export const onError = {
  defaultValue: 'RejectAll',
  description: 'What happens to the other entries if some are refused.',
} as const;

export const expectedVersion = {
  nullable: true,
  description:
    'Version that the client has read. If the object has changed since, the mutation is refused with VersionConflict. If absent, the version is not checked.',
} as const;

/** The key of an object that has a business number. */
export const key = (number: string) => ({ description: `Id of the object, in any spelling, or its ${number}.` });
