import type { SampleOperation } from './sample';

export const settingsOperations: SampleOperation[] = [
  {
    title: 'Settings',
    summary: 'How this entity bills, and what it lets be named.',
    group: 'Settings',
    needs: ['read'],
    query: `# The settings of the entity, for all of its orgs.
# updateBillingSettings changes them: what is given
# replaces, what is left out stays.

query Settings {
  billingSettings {
    invoiceSettlement
    creditMemoRule
    inclusiveTaxRule
    roundingMode
    taxCodes { code rate }
    units { name decimals roundingMode }
    carriers
    fulfillmentSystems
    fulfillmentLocations
  }
}
`,
  },
  {
    title: 'My client',
    summary: 'What the client of the token uses, and the secrets that it has.',
    group: 'Settings',
    needs: ['read'],
    query: `# What the client behind your token did in the last
# days, which documents it has registered and what
# they cost, and which secrets are accepted.
#
# rotateClientSecret gives the client a new secret,
# and shows it once.

query MyClient {
  viewer {
    client {
      usage(days: 7) {
        day
        requests
        cost
        errors { code count }
      }
      documents(first: 5) {
        totalCount
        nodes {
          documentId
          cost
          useCount
          lastUsedDate
        }
      }
      secrets {
        id
        current
        createdDate
        endsDate
        lastUsedDate
      }
    }
  }
}
`,
  },
  {
    title: 'Rehearse a change of settings',
    summary: 'What is given replaces, what is left out stays.',
    group: 'Settings',
    needs: ['admin'],
    query: `# A list is replaced whole: here one carrier more.
# What stands already keeps its carrier, unit and
# amount. A tax code that a line item has cannot be
# taken away, but its rate may change; returns keep
# the rate that their sale was billed with.

mutation RehearseSettings(
  $input: BillingSettingsInput!
  $dryRun: Boolean!
) {
  updateBillingSettings(
    input: $input
    dryRun: $dryRun
  ) {
    billingSettings {
      carriers
      units { name decimals roundingMode }
    }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        carriers: ['CarrierA', 'CarrierB', 'FastFreight', 'DHL', 'UPS', 'By bicycle'],
      },
      dryRun: true,
    },
  },
];
