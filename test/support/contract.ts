/**
 * What of the agreed contract exists today, in its own SDL: names, arguments, types and defaults that clients rely on.
 * It grows with the schema, which may hold more (`beyondContract`), but nothing of this in another form.
 */
export const contract = /* GraphQL */ `
scalar Date
scalar DateTime
scalar Decimal
scalar JSONObject
enum FulfillmentState { Executing Booked SentToBilling Complete Canceled }
enum FulfillmentAction { Book SendToBilling Complete Cancel }
enum FulfillmentType { Delivery Return }
enum OrderLineItemState { Executing Booked SentToBilling Complete Canceled }
enum OrderState { Executing Complete Canceled }
enum OrderCategory { NewSales Return }
enum ItemCategory { Sales Return }
enum ItemType { Product Fee Services }
enum BillingRule { TriggerWithoutFulfillment TriggerAsFulfillmentOccurs }
enum TaxMode { TaxInclusive TaxExclusive }
enum InlineDiscountType { Percentage FixedAmount None }
enum InvoiceStatus { Draft Posted Canceled }
enum CreditMemoStatus { Draft Posted Canceled }
enum DocumentAction { Post Unpost Cancel Reverse Apply Unapply CollectPayment }
enum PaymentStatus { Processing Processed Error Voided Refunded }
enum BillRunStatus { Pending Processing Completed PostInProgress Posted CancelInProgress Canceled Error }
enum CreditMemoRule { AllNegative AllNegativeAndZero NetNegative NetNegativeNoGrouping }
enum InclusiveTaxRule { NetFirst TaxFirst }
enum RoundingMode { HALF_UP UP DOWN }
enum OnError { RejectAll SkipFailed }
enum OrderDirection { ASC DESC }
interface Node { id: ID! }
interface BillingDocument implements Node {
  id: ID!, documentNumber: String!, account: Account!, documentDate: Date!, targetDate: Date, currency: String!
  amount: Decimal!, amountWithoutTax: Decimal!, taxAmount: Decimal!
}
type PageInfo { hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }
type Query {
  viewer: Viewer
  billingSettings: BillingSettings
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  account(key: ID!): Account
  order(key: ID!): Order
  orderLineItem(id: ID!): OrderLineItem
  fulfillment(key: ID!): Fulfillment
  invoice(key: ID!): Invoice
  creditMemo(key: ID!): CreditMemo
  payment(key: ID!): Payment
  billRun(key: ID!): BillRun
  previewBillRun(input: CreateBillRunInput!): BillRunPreview
  accounts(first: Int, after: String, last: Int, before: String, filter: AccountFilter, orderBy: AccountOrder): AccountConnection
  orders(first: Int, after: String, last: Int, before: String, filter: OrderFilter, orderBy: OrderOrder): OrderConnection
  orderLineItems(first: Int, after: String, last: Int, before: String, filter: OrderLineItemFilter, orderBy: OrderLineItemOrder): OrderLineItemConnection
  fulfillments(first: Int, after: String, last: Int, before: String, filter: FulfillmentFilter, orderBy: FulfillmentOrder): FulfillmentConnection
  invoices(first: Int, after: String, last: Int, before: String, filter: InvoiceFilter, orderBy: InvoiceOrder): InvoiceConnection
  creditMemos(first: Int, after: String, last: Int, before: String, filter: CreditMemoFilter, orderBy: CreditMemoOrder): CreditMemoConnection
  payments(first: Int, after: String, last: Int, before: String, filter: PaymentFilter, orderBy: PaymentOrder): PaymentConnection
  billRuns(first: Int, after: String, last: Int, before: String, filter: BillRunFilter, orderBy: BillRunOrder): BillRunConnection
  fulfillmentSummary(filter: FulfillmentFilter, groupBy: FulfillmentGroupBy!): [FulfillmentSummary!]
  fulfillmentCounts(filter: FulfillmentFilter): [FulfillmentCount!]
  events(first: Int, after: String, filter: EventFilter): HistoryEntryConnection
  webhookEndpoints: [WebhookEndpoint!]
  webhookEndpoint(id: ID!): WebhookEndpoint
}
type Subscription {
  events(after: String, filter: EventFilter): HistoryEntryEdge
  order(key: ID!): Order
  orderLineItem(id: ID!): OrderLineItem
  fulfillment(key: ID!): Fulfillment
  invoice(key: ID!): Invoice
  creditMemo(key: ID!): CreditMemo
  payment(key: ID!): Payment
  billRun(key: ID!): BillRun
  fulfillments(first: Int, after: String, last: Int, before: String, filter: FulfillmentFilter, orderBy: FulfillmentOrder): FulfillmentConnection
  fulfillmentSummary(filter: FulfillmentFilter, groupBy: FulfillmentGroupBy!): [FulfillmentSummary!]
}
input StringFilter { eq: String, in: [String!], startsWith: String, isNull: Boolean }
input IDFilter { eq: ID, in: [ID!], isNull: Boolean }
input DateFilter { eq: Date, gte: Date, lte: Date, isNull: Boolean }
input DateTimeFilter { gte: DateTime, lt: DateTime }
input FulfillmentStateFilter { eq: FulfillmentState, in: [FulfillmentState!] }
input OrderLineItemStateFilter { eq: OrderLineItemState, in: [OrderLineItemState!] }
input FulfillmentFilter {
  id: IDFilter, fulfillmentNumber: StringFilter, externalId: StringFilter, trackingNumber: StringFilter
  carrier: StringFilter, state: FulfillmentStateFilter, fulfillmentType: FulfillmentType
  fulfillmentDate: DateFilter, billTargetDate: DateFilter, orderLineItemId: IDFilter, orderId: IDFilter
  accountId: IDFilter, billed: Boolean, updatedDate: DateTimeFilter, createdDate: DateTimeFilter
}
input OrderLineItemFilter {
  id: IDFilter, orderId: IDFilter, orderNumber: StringFilter, itemNumber: StringFilter, itemName: StringFilter
  itemState: OrderLineItemStateFilter, itemCategory: ItemCategory, itemType: ItemType, billingRule: BillingRule
  productCode: StringFilter, accountId: IDFilter, originalOrderLineItemId: IDFilter, hasPendingQuantity: Boolean
  updatedDate: DateTimeFilter
}
input OrderFilter {
  id: IDFilter, orderNumber: StringFilter, accountId: IDFilter, orderDate: DateFilter, category: OrderCategory
  state: OrderState, updatedDate: DateTimeFilter
}
input AccountFilter {
  id: IDFilter, accountNumber: StringFilter, name: StringFilter, currency: String, updatedDate: DateTimeFilter
}
input InvoiceFilter {
  id: IDFilter, invoiceNumber: StringFilter, accountId: IDFilter, status: InvoiceStatus, invoiceDate: DateFilter
  dueDate: DateFilter, hasBalance: Boolean, billRunId: IDFilter, updatedDate: DateTimeFilter
}
input CreditMemoFilter {
  id: IDFilter, creditMemoNumber: StringFilter, accountId: IDFilter, status: CreditMemoStatus
  creditMemoDate: DateFilter, hasUnapplied: Boolean, billRunId: IDFilter, updatedDate: DateTimeFilter
}
input PaymentFilter {
  id: IDFilter, paymentNumber: StringFilter, accountId: IDFilter, status: PaymentStatus, effectiveDate: DateFilter
  updatedDate: DateTimeFilter
}
input BillRunFilter { status: BillRunStatus, targetDate: DateFilter, updatedDate: DateTimeFilter }
enum FulfillmentOrderField { updatedDate createdDate fulfillmentDate billTargetDate fulfillmentNumber }
enum OrderLineItemOrderField { updatedDate createdDate itemNumber }
enum OrderOrderField { updatedDate createdDate orderDate orderNumber }
enum AccountOrderField { updatedDate createdDate name accountNumber }
enum InvoiceOrderField { updatedDate createdDate invoiceDate dueDate invoiceNumber }
enum CreditMemoOrderField { updatedDate createdDate creditMemoDate creditMemoNumber }
enum PaymentOrderField { updatedDate createdDate effectiveDate paymentNumber }
enum BillRunOrderField { updatedDate createdDate billRunNumber }
type Viewer { clientId: String!, name: String!, scopes: [String!]!, entity: Entity!, orgs: [Org!]!, entities: [Entity!]! }
type Entity { id: ID!, name: String! }
type Org { id: ID!, name: String! }
type Account implements Node {
  id: ID!, accountNumber: String!, name: String!, currency: String!, paymentTerm: String!
  paymentMethod: PaymentMethod, org: Org!, version: Int!, createdDate: DateTime!, createdById: String!
  updatedDate: DateTime!, updatedById: String!
  orders(first: Int, after: String, last: Int, before: String, filter: OrderFilter, orderBy: OrderOrder): OrderConnection!
  invoices(first: Int, after: String, last: Int, before: String, filter: InvoiceFilter, orderBy: InvoiceOrder): InvoiceConnection!
  creditMemos(first: Int, after: String, last: Int, before: String, filter: CreditMemoFilter, orderBy: CreditMemoOrder): CreditMemoConnection!
  payments(first: Int, after: String, last: Int, before: String): PaymentConnection!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type PaymentMethod { type: String!, label: String! }
type Order implements Node {
  id: ID!, orderNumber: String!, orderDate: Date!, category: OrderCategory!, state: OrderState!, description: String
  reasonCode: String, version: Int!, createdDate: DateTime!, createdById: String!, updatedDate: DateTime!
  updatedById: String!, account: Account!
  orderLineItems(first: Int, after: String, last: Int, before: String, filter: OrderLineItemFilter, orderBy: OrderLineItemOrder): OrderLineItemConnection!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type OrderLineItem implements Node {
  id: ID!, itemNumber: String!, itemName: String!, itemType: ItemType, itemCategory: ItemCategory!
  itemState: OrderLineItemState!, billingRule: BillingRule!, requiresFulfillment: Boolean!, quantity: Decimal!
  quantityFulfilled: Decimal!, quantityPendingFulfillment: Decimal!, quantityAvailableForReturn: Decimal!
  unitOfMeasure: String, currency: String!, listPricePerUnit: Decimal!, amountPerUnit: Decimal!, listPrice: Decimal!
  discount: Decimal!, amount: Decimal!, amountWithoutTax: Decimal!, inlineDiscountType: InlineDiscountType!, inlineDiscountPerUnit: Decimal
  taxMode: TaxMode, taxCode: String, billTargetDate: Date, transactionStartDate: Date, transactionEndDate: Date
  paymentTerm: String, invoiceGroupNumber: String, productCode: String, purchaseOrderNumber: String
  description: String, customFields: JSONObject, version: Int!, createdDate: DateTime!, createdById: String!
  updatedDate: DateTime!, updatedById: String!, order: Order!, account: Account!, originalOrderLineItem: OrderLineItem
  returnOrderLineItems(first: Int, after: String, last: Int, before: String): OrderLineItemConnection!
  creditMemoItems(first: Int, after: String, last: Int, before: String): CreditMemoItemConnection!
  fulfillments(first: Int, after: String, last: Int, before: String, filter: FulfillmentFilter, orderBy: FulfillmentOrder): FulfillmentConnection!
  invoiceItems(first: Int, after: String, last: Int, before: String): InvoiceItemConnection!
  allowedTransitions: [OrderLineItemTransition!]!, editableFields: [String!]!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type Fulfillment implements Node {
  id: ID!, fulfillmentNumber: String!, fulfillmentType: FulfillmentType!, state: FulfillmentState!
  fulfillmentDate: Date!, quantity: Decimal!, amount: Decimal!, currency: String!, billTargetDate: Date
  sentToBillingDate: DateTime, billed: Boolean!, description: String, carrier: String, trackingNumber: String
  fulfillmentSystem: String, fulfillmentLocation: String, externalId: String
  excludeItemBillingFromRevenueAccounting: Boolean!, excludeItemBookingFromRevenueAccounting: Boolean!
  customFields: JSONObject, version: Int!, createdDate: DateTime!, createdById: String!, updatedDate: DateTime!
  updatedById: String!, orderLineItem: OrderLineItem!, invoiceItems: [InvoiceItem!]!
  creditMemoItems: [CreditMemoItem!]!
  fulfillmentItems(first: Int, after: String, last: Int, before: String): FulfillmentItemConnection!
  billingDocuments: [BillingDocument!]!, allowedTransitions: [FulfillmentTransition!]!, editableFields: [String!]!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type FulfillmentTransition {
  action: FulfillmentAction!, to: FulfillmentState!, allowed: Boolean!, blockedBy: [TransitionBlock!]!
}
type OrderLineItemTransition { to: OrderLineItemState!, allowed: Boolean!, blockedBy: [TransitionBlock!]! }
type TransitionBlock { code: UserErrorCode!, message: String! }
type FulfillmentItem implements Node {
  id: ID!, itemIdentifier: String, description: String, customFields: JSONObject, fulfillment: Fulfillment!
}
type Invoice implements Node & BillingDocument {
  id: ID!, documentNumber: String!, invoiceNumber: String!, account: Account!, documentDate: Date!
  invoiceDate: Date!, dueDate: Date!, targetDate: Date, postedDate: Date, status: InvoiceStatus!, currency: String!
  amount: Decimal!, amountWithoutTax: Decimal!, taxAmount: Decimal!, balance: Decimal!, source: String!
  reversed: Boolean!, version: Int!, createdDate: DateTime!, createdById: String!, updatedDate: DateTime!
  updatedById: String!
  invoiceItems(first: Int, after: String, last: Int, before: String): InvoiceItemConnection!
  paymentApplications: [PaymentApplication!]!, creditMemoApplications: [CreditMemoApplication!]!
  billRun: BillRun, allowedActions: [DocumentActionState!]!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type InvoiceItem implements Node {
  id: ID!, chargeName: String!, quantity: Decimal!, unitPrice: Decimal!, unitOfMeasure: String
  chargeAmount: Decimal!, taxAmount: Decimal!, taxMode: TaxMode, taxRate: Decimal, serviceStartDate: Date
  serviceEndDate: Date, invoice: Invoice!, orderLineItem: OrderLineItem!, fulfillment: Fulfillment
}
type CreditMemo implements Node & BillingDocument {
  id: ID!, documentNumber: String!, creditMemoNumber: String!, account: Account!, documentDate: Date!
  creditMemoDate: Date!, targetDate: Date, postedDate: Date, status: CreditMemoStatus!, currency: String!
  amount: Decimal!, amountWithoutTax: Decimal!, taxAmount: Decimal!, appliedAmount: Decimal!
  unappliedAmount: Decimal!, refundAmount: Decimal!, reasonCode: String, source: String!, reversedInvoice: Invoice
  version: Int!
  createdDate: DateTime!, createdById: String!, updatedDate: DateTime!, updatedById: String!
  creditMemoItems(first: Int, after: String, last: Int, before: String): CreditMemoItemConnection!
  applications: [CreditMemoApplication!]!, billRun: BillRun, allowedActions: [DocumentActionState!]!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type CreditMemoItem implements Node {
  id: ID!, chargeName: String!, quantity: Decimal!, unitPrice: Decimal!, unitOfMeasure: String, amount: Decimal!
  amountWithoutTax: Decimal!, taxAmount: Decimal!, taxMode: TaxMode, taxRate: Decimal, creditMemo: CreditMemo!
  orderLineItem: OrderLineItem!, fulfillment: Fulfillment
}
type Payment implements Node {
  id: ID!, paymentNumber: String!, account: Account!, amount: Decimal!, appliedAmount: Decimal!
  unappliedAmount: Decimal!, refundAmount: Decimal!, currency: String!, effectiveDate: Date!, status: PaymentStatus!
  applications: [PaymentApplication!]!, createdDate: DateTime!, createdById: String!, updatedDate: DateTime!
  updatedById: String!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type PaymentApplication implements Node {
  id: ID!, payment: Payment!, invoice: Invoice!, amount: Decimal!, appliedDate: DateTime!
}
type CreditMemoApplication implements Node {
  id: ID!, creditMemo: CreditMemo!, invoice: Invoice!, amount: Decimal!, appliedDate: DateTime!
}
type BillRun implements Node {
  id: ID!, billRunNumber: String!, status: BillRunStatus!, targetDate: Date!, invoiceDate: Date!, autoPost: Boolean!
  total: Int!, done: Int!, failed: Int!, startedDate: DateTime, finishedDate: DateTime
  createdDate: DateTime!, createdById: String!, updatedDate: DateTime!, updatedById: String!
  invoices(first: Int, after: String, last: Int, before: String): InvoiceConnection!
  creditMemos(first: Int, after: String, last: Int, before: String): CreditMemoConnection!
  failures(first: Int, after: String, last: Int, before: String): BillRunFailureConnection!
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
}
type BillRunFailure { account: Account!, code: UserErrorCode!, message: String! }
type BillRunPreview { invoiceCount: Int!, creditMemoCount: Int!, totals: [BillRunPreviewTotal!]! }
type BillRunPreviewTotal {
  account: Account!, currency: String!, invoiceAmount: Decimal!, creditMemoAmount: Decimal!, itemCount: Int!
}
type DocumentActionState { action: DocumentAction!, allowed: Boolean!, blockedBy: [TransitionBlock!]! }
type InvoicePayload { invoice: Invoice, creditMemos: [CreditMemo!]!, userErrors: [UserError!]! }
type CreditMemoPayload { creditMemo: CreditMemo, invoices: [Invoice!]!, userErrors: [UserError!]! }
type BillingSettings implements Node {
  id: ID!, version: Int!, updatedDate: DateTime, updatedById: String
  history(first: Int, after: String, last: Int, before: String): HistoryEntryConnection!
  invoiceSettlement: Boolean!, creditMemoRule: CreditMemoRule!, inclusiveTaxRule: InclusiveTaxRule!
  roundingMode: RoundingMode!, taxCodes: [TaxCode!]!, units: [UnitOfMeasure!]!, carriers: [String!]
  fulfillmentSystems: [String!], fulfillmentLocations: [String!]
}
type TaxCode { code: String!, rate: Decimal! }
type UnitOfMeasure { name: String!, decimals: Int!, roundingMode: RoundingMode! }
type Mutation {
  createAccount(input: CreateAccountInput!, dryRun: Boolean! = false): AccountPayload
  updateAccount(key: ID!, input: UpdateAccountInput!, expectedVersion: Int, dryRun: Boolean! = false): AccountPayload
  updateBillingSettings(input: BillingSettingsInput!, expectedVersion: Int, dryRun: Boolean! = false): BillingSettingsPayload
  createOrder(input: CreateOrderInput!, dryRun: Boolean! = false): CreateOrderPayload
  updateOrderLineItem(id: ID!, input: UpdateOrderLineItemInput!, expectedVersion: Int, dryRun: Boolean! = false): UpdateOrderLineItemPayload
  updateOrderLineItems(input: UpdateOrderLineItemsInput!, onError: OnError! = RejectAll, dryRun: Boolean! = false): UpdateOrderLineItemsPayload
  createFulfillments(input: CreateFulfillmentsInput!, onError: OnError! = RejectAll, dryRun: Boolean! = false): CreateFulfillmentsPayload
  updateFulfillment(key: ID!, input: UpdateFulfillmentInput!, expectedVersion: Int, dryRun: Boolean! = false): UpdateFulfillmentPayload
  bookFulfillments(keys: [ID!]!, expectedVersions: [Int!], onError: OnError! = RejectAll, dryRun: Boolean! = false): TransitionFulfillmentsPayload
  sendFulfillmentsToBilling(keys: [ID!]!, expectedVersions: [Int!], billTargetDate: Date, processingOptions: ProcessingOptionsInput, onError: OnError! = RejectAll, dryRun: Boolean! = false): TransitionFulfillmentsPayload
  completeFulfillments(keys: [ID!]!, expectedVersions: [Int!], onError: OnError! = RejectAll, dryRun: Boolean! = false): TransitionFulfillmentsPayload
  cancelFulfillments(keys: [ID!]!, expectedVersions: [Int!], onError: OnError! = RejectAll, dryRun: Boolean! = false): TransitionFulfillmentsPayload
  deleteFulfillment(key: ID!, expectedVersion: Int, dryRun: Boolean! = false): DeleteFulfillmentPayload
  createBillRun(input: CreateBillRunInput!): BillRunPayload
  postBillRun(key: ID!): BillRunPayload
  cancelBillRun(key: ID!): BillRunPayload
  deleteBillRun(key: ID!): DeleteBillRunPayload
  postInvoice(key: ID!, dryRun: Boolean! = false): InvoicePayload
  unpostInvoice(key: ID!, dryRun: Boolean! = false): InvoicePayload
  cancelInvoice(key: ID!, dryRun: Boolean! = false): InvoicePayload
  reverseInvoice(key: ID!, documentDate: Date, rebill: Boolean! = true, dryRun: Boolean! = false): InvoicePayload
  postCreditMemo(key: ID!, dryRun: Boolean! = false): CreditMemoPayload
  unpostCreditMemo(key: ID!, dryRun: Boolean! = false): CreditMemoPayload
  cancelCreditMemo(key: ID!, dryRun: Boolean! = false): CreditMemoPayload
  applyCreditMemo(key: ID!, invoiceKey: ID!, amount: Decimal, dryRun: Boolean! = false): CreditMemoPayload
  unapplyCreditMemo(key: ID!, invoiceKey: ID!, amount: Decimal, dryRun: Boolean! = false): CreditMemoPayload
  createFulfillmentItems(input: [CreateFulfillmentItemInput!]!, onError: OnError! = RejectAll, dryRun: Boolean! = false): FulfillmentItemsPayload
  updateFulfillmentItem(id: ID!, input: UpdateFulfillmentItemInput!, dryRun: Boolean! = false): FulfillmentItemsPayload
  deleteFulfillmentItem(id: ID!, dryRun: Boolean! = false): FulfillmentItemsPayload
  collectPayment(invoiceKeys: [ID!]!, dryRun: Boolean! = false): CollectPaymentPayload
  refundPayment(key: ID!, amount: Decimal, dryRun: Boolean! = false): PaymentPayload
  createWebhookEndpoint(input: CreateWebhookEndpointInput!): WebhookEndpointPayload
  updateWebhookEndpoint(id: ID!, input: UpdateWebhookEndpointInput!): WebhookEndpointPayload
  rotateWebhookSecret(id: ID!): WebhookEndpointPayload
  deleteWebhookEndpoint(id: ID!): WebhookEndpointPayload
  testWebhookEndpoint(id: ID!): WebhookEndpointPayload
  redeliverWebhooks(id: ID!, deliveryIds: [ID!], after: String): RedeliverWebhooksPayload
}
type WebhookEndpoint implements Node {
  id: ID! url: String! description: String eventTypes: [String!] documentId: ID
  enabled: Boolean! disabledReason: String pendingCount: Int! createdDate: DateTime!
  deliveries(first: Int, after: String, status: WebhookDeliveryStatus): WebhookDeliveryConnection!
}
enum WebhookDeliveryStatus { Pending Delivered Failed }
type WebhookDelivery implements Node {
  id: ID! event: HistoryEntry! status: WebhookDeliveryStatus! attempts: Int! nextAttemptDate: DateTime responseStatus: Int error: String
  deliveredDate: DateTime
}
type WebhookDeliveryConnection { edges: [WebhookDeliveryEdge!]! nodes: [WebhookDelivery!]! pageInfo: PageInfo! totalCount: Int! }
type WebhookDeliveryEdge { cursor: String! node: WebhookDelivery! }
input CreateWebhookEndpointInput { url: String! description: String eventTypes: [String!] documentId: ID after: String }
input UpdateWebhookEndpointInput { url: String description: String eventTypes: [String!] documentId: ID enabled: Boolean }
type WebhookEndpointPayload { webhookEndpoint: WebhookEndpoint secret: String deletedId: ID userErrors: [UserError!]! }
type RedeliverWebhooksPayload { count: Int userErrors: [UserError!]! }
input CreateFulfillmentsInput { fulfillments: [CreateFulfillmentInput!]!, processingOptions: ProcessingOptionsInput }
input CreateFulfillmentInput {
  orderLineItemId: ID!, fulfillmentDate: Date!, quantity: Decimal!, state: FulfillmentState = Executing
  fulfillmentType: FulfillmentType, billTargetDate: Date, description: String, carrier: String
  trackingNumber: String, fulfillmentSystem: String, fulfillmentLocation: String, externalId: String
  excludeItemBillingFromRevenueAccounting: Boolean, excludeItemBookingFromRevenueAccounting: Boolean
  customFields: JSONObject, fulfillmentItems: [FulfillmentItemInput!]
}
input FulfillmentItemInput { itemIdentifier: String, description: String, customFields: JSONObject }
input CreateFulfillmentItemInput {
  fulfillmentNumber: String!, itemIdentifier: String, description: String, customFields: JSONObject
}
input UpdateFulfillmentItemInput { itemIdentifier: String, description: String, customFields: JSONObject }
input UpdateFulfillmentInput {
  state: FulfillmentState, fulfillmentDate: Date, quantity: Decimal, billTargetDate: Date, description: String
  carrier: String, trackingNumber: String, fulfillmentSystem: String, fulfillmentLocation: String
  externalId: String, customFields: JSONObject
}
input CreateAccountInput {
  name: String!, accountNumber: String, currency: String!, paymentTerm: String = "Net 30", orgId: ID
  paymentMethodToken: String
}
input UpdateAccountInput { name: String, paymentTerm: String, paymentMethodToken: String }
input BillingSettingsInput {
  invoiceSettlement: Boolean, creditMemoRule: CreditMemoRule, inclusiveTaxRule: InclusiveTaxRule
  roundingMode: RoundingMode, taxCodes: [TaxCodeInput!], units: [UnitOfMeasureInput!], carriers: [String!]
  fulfillmentSystems: [String!], fulfillmentLocations: [String!]
}
input TaxCodeInput { code: String!, rate: Decimal! }
input UnitOfMeasureInput { name: String!, decimals: Int!, roundingMode: RoundingMode }
input CreateOrderInput {
  existingAccountNumber: String!, orderDate: Date!, orderNumber: String, category: OrderCategory = NewSales
  description: String, reasonCode: String, orderLineItems: [CreateOrderLineItemInput!]!
  processingOptions: ProcessingOptionsInput
}
input CreateOrderLineItemInput {
  itemNumber: String, itemName: String!, itemType: ItemType, itemCategory: ItemCategory = Sales
  itemState: OrderLineItemState = Executing
  billingRule: BillingRule = TriggerWithoutFulfillment, quantity: Decimal!, unitOfMeasure: String
  listPricePerUnit: Decimal, amountPerUnit: Decimal, inlineDiscountType: InlineDiscountType
  inlineDiscountPerUnit: Decimal, taxMode: TaxMode, taxCode: String, billTargetDate: Date
  transactionStartDate: Date, transactionEndDate: Date, paymentTerm: String, productCode: String
  purchaseOrderNumber: String, invoiceGroupNumber: String, description: String, customFields: JSONObject
  originalOrderNumber: String, originalOrderLineItemNumber: String
}
input UpdateOrderLineItemInput {
  itemState: OrderLineItemState, quantity: Decimal, itemName: String, itemType: ItemType, unitOfMeasure: String
  listPricePerUnit: Decimal, amountPerUnit: Decimal, inlineDiscountType: InlineDiscountType
  inlineDiscountPerUnit: Decimal, taxMode: TaxMode, taxCode: String, billingRule: BillingRule, billTargetDate: Date
  transactionStartDate: Date, transactionEndDate: Date, paymentTerm: String, invoiceGroupNumber: String
  productCode: String, purchaseOrderNumber: String, description: String, customFields: JSONObject
  processingOptions: ProcessingOptionsInput
}
input UpdateOrderLineItemsInput {
  orderLineItems: [UpdateOrderLineItemsEntry!]!, processingOptions: ProcessingOptionsInput
}
input UpdateOrderLineItemsEntry {
  id: ID!, itemState: OrderLineItemState, quantity: Decimal, billTargetDate: Date, description: String
}
input ProcessingOptionsInput {
  runBilling: Boolean = false, collectPayment: Boolean = false, billingOptions: BillingOptionsInput
}
input BillingOptionsInput { targetDate: Date, documentDate: Date }
input CreateBillRunInput { targetDate: Date!, invoiceDate: Date, accountKeys: [ID!], autoPost: Boolean = false }
type AccountPayload { account: Account, userErrors: [UserError!]! }
type BillingSettingsPayload { billingSettings: BillingSettings, userErrors: [UserError!]! }
type CreateOrderPayload {
  order: Order, invoices: [Invoice!]!, creditMemos: [CreditMemo!]!, payments: [Payment!]!, paidAmount: Decimal
  userErrors: [UserError!]!
}
type UpdateOrderLineItemPayload {
  orderLineItem: OrderLineItem, invoices: [Invoice!]!, creditMemos: [CreditMemo!]!, payments: [Payment!]!
  paidAmount: Decimal, userErrors: [UserError!]!
}
type UpdateOrderLineItemsPayload {
  orderLineItems: [OrderLineItem]!, invoices: [Invoice!]!, creditMemos: [CreditMemo!]!, payments: [Payment!]!
  paidAmount: Decimal, userErrors: [UserError!]!
}
type CreateFulfillmentsPayload {
  fulfillments: [Fulfillment]!, invoices: [Invoice!]!, creditMemos: [CreditMemo!]!, payments: [Payment!]!
  paidAmount: Decimal, userErrors: [UserError!]!
}
type TransitionFulfillmentsPayload {
  fulfillments: [Fulfillment]!, invoices: [Invoice!]!, creditMemos: [CreditMemo!]!, payments: [Payment!]!
  paidAmount: Decimal, userErrors: [UserError!]!
}
type UpdateFulfillmentPayload { fulfillment: Fulfillment, userErrors: [UserError!]! }
type DeleteFulfillmentPayload { deletedId: ID, orderLineItem: OrderLineItem, userErrors: [UserError!]! }
type BillRunPayload { billRun: BillRun, userErrors: [UserError!]! }
type DeleteBillRunPayload { deletedId: ID, userErrors: [UserError!]! }
type FulfillmentItemsPayload { fulfillmentItems: [FulfillmentItem]!, deletedId: ID, userErrors: [UserError!]! }
type CollectPaymentPayload {
  payments: [Payment!]!, invoices: [Invoice!]!, paidAmount: Decimal, userErrors: [UserError!]!
}
type PaymentPayload { payment: Payment, invoices: [Invoice!]!, userErrors: [UserError!]! }
interface UserError { code: UserErrorCode!, message: String!, path: [String!]!, retryable: Boolean! }
type BusinessError implements UserError {
  code: UserErrorCode!, message: String!, path: [String!]!, retryable: Boolean!
}
type FulfillmentTransitionNotAllowed implements UserError {
  code: UserErrorCode!, message: String!, path: [String!]!, retryable: Boolean!, from: FulfillmentState
  to: FulfillmentState!, allowed: [FulfillmentState!]!
}
type OrderLineItemTransitionNotAllowed implements UserError {
  code: UserErrorCode!, message: String!, path: [String!]!, retryable: Boolean!, from: OrderLineItemState
  to: OrderLineItemState!, allowed: [OrderLineItemState!]!
}
type QuantityExceeded implements UserError {
  code: UserErrorCode!, message: String!, path: [String!]!, retryable: Boolean!, requested: Decimal!
  available: Decimal!
}
type VersionConflict implements UserError {
  code: UserErrorCode!, message: String!, path: [String!]!, retryable: Boolean!, currentVersion: Int!
  current: Node!
}
enum UserErrorCode {
  INVALID_VALUE REQUIRED NOT_FOUND DUPLICATE TYPE_MISMATCH STATE_NOT_CREATABLE TRANSITION_NOT_ALLOWED
  FIELD_LOCKED NOT_DELETABLE ORDER_LINE_ITEM_NOT_BOOKED BILLING_RULE_MISMATCH QUANTITY_EXCEEDED
  RETURN_NOT_ALLOWED LIMIT_EXCEEDED ITEMS_NOT_ALLOWED BILL_TARGET_DATE_REQUIRED NOT_BILLED_YET ALREADY_BILLED
  DOCUMENT_STATUS DOCUMENT_IN_USE SETTLEMENT_REQUIRED CURRENCY_MISMATCH BALANCE_EXCEEDED PAYMENT_METHOD_MISSING
  PAYMENT_DECLINED PAYMENT_FAILED PAYMENT_PENDING VERSION_CONFLICT PERMISSION_DENIED LOCKED_RETRY
}
input AccountOrder { field: AccountOrderField!, direction: OrderDirection! = DESC }
input OrderOrder { field: OrderOrderField!, direction: OrderDirection! = DESC }
input OrderLineItemOrder { field: OrderLineItemOrderField!, direction: OrderDirection! = DESC }
input FulfillmentOrder { field: FulfillmentOrderField!, direction: OrderDirection! = DESC }
input InvoiceOrder { field: InvoiceOrderField!, direction: OrderDirection! = DESC }
input CreditMemoOrder { field: CreditMemoOrderField!, direction: OrderDirection! = DESC }
input PaymentOrder { field: PaymentOrderField!, direction: OrderDirection! = DESC }
input BillRunOrder { field: BillRunOrderField!, direction: OrderDirection! = DESC }
type AccountConnection { edges: [AccountEdge!]!, nodes: [Account!]!, pageInfo: PageInfo!, totalCount: Int! }
type AccountEdge { cursor: String!, node: Account! }
type OrderConnection { edges: [OrderEdge!]!, nodes: [Order!]!, pageInfo: PageInfo!, totalCount: Int! }
type OrderEdge { cursor: String!, node: Order! }
type OrderLineItemConnection {
  edges: [OrderLineItemEdge!]!, nodes: [OrderLineItem!]!, pageInfo: PageInfo!, totalCount: Int!
}
type OrderLineItemEdge { cursor: String!, node: OrderLineItem! }
type FulfillmentConnection {
  edges: [FulfillmentEdge!]!, nodes: [Fulfillment!]!, pageInfo: PageInfo!, totalCount: Int!
}
type FulfillmentEdge { cursor: String!, node: Fulfillment! }
type FulfillmentItemConnection {
  edges: [FulfillmentItemEdge!]!, nodes: [FulfillmentItem!]!, pageInfo: PageInfo!, totalCount: Int!
}
type FulfillmentItemEdge { cursor: String!, node: FulfillmentItem! }
type InvoiceConnection { edges: [InvoiceEdge!]!, nodes: [Invoice!]!, pageInfo: PageInfo!, totalCount: Int! }
type InvoiceEdge { cursor: String!, node: Invoice! }
type InvoiceItemConnection {
  edges: [InvoiceItemEdge!]!, nodes: [InvoiceItem!]!, pageInfo: PageInfo!, totalCount: Int!
}
type InvoiceItemEdge { cursor: String!, node: InvoiceItem! }
type CreditMemoConnection {
  edges: [CreditMemoEdge!]!, nodes: [CreditMemo!]!, pageInfo: PageInfo!, totalCount: Int!
}
type CreditMemoEdge { cursor: String!, node: CreditMemo! }
type CreditMemoItemConnection {
  edges: [CreditMemoItemEdge!]!, nodes: [CreditMemoItem!]!, pageInfo: PageInfo!, totalCount: Int!
}
type CreditMemoItemEdge { cursor: String!, node: CreditMemoItem! }
type PaymentConnection { edges: [PaymentEdge!]!, nodes: [Payment!]!, pageInfo: PageInfo!, totalCount: Int! }
type PaymentEdge { cursor: String!, node: Payment! }
type BillRunConnection { edges: [BillRunEdge!]!, nodes: [BillRun!]!, pageInfo: PageInfo!, totalCount: Int! }
type BillRunEdge { cursor: String!, node: BillRun! }
type BillRunFailureConnection {
  edges: [BillRunFailureEdge!]!, nodes: [BillRunFailure!]!, pageInfo: PageInfo!, totalCount: Int!
}
type BillRunFailureEdge { cursor: String!, node: BillRunFailure! }
type HistoryEntry implements Node {
  id: ID! at: DateTime! actor: String! trackId: String action: String! fromState: String toState: String
  type: String!, subjectId: ID!, subjectType: String! subject: Node changes: [FieldChange!]! version: Int!
}
type FieldChange { field: String! before: String after: String }
type HistoryEntryConnection { edges: [HistoryEntryEdge!]! nodes: [HistoryEntry!]! pageInfo: PageInfo! totalCount: Int! }
type HistoryEntryEdge { cursor: String! node: HistoryEntry! }
input EventFilter { type: StringFilter subjectId: IDFilter }
# fulfillmentCounts(filter): how many there are in each state, whatever their currency
type FulfillmentCount { state: FulfillmentState! count: Int! }
type FulfillmentSummary { key: String! currency: String! count: Int! quantity: Decimal! amount: Decimal! }
enum FulfillmentGroupBy { state fulfillmentType carrier fulfillmentDate billTargetDate account }
`;

/** What is ours, beyond what the contract names. */
export const beyondContract: readonly string[] = [
  // What a client sees and changes of itself.
  'Viewer.client',
  'Client',
  ...['documentMode', 'documents', 'secrets', 'usage', 'usage(days)'].map((field) => `Client.${field}`),
  ...['after', 'before', 'first', 'last'].map((argument) => `Client.documents(${argument})`),
  'Client.webhookEndpoints',
  'ClientDay',
  ...['cost', 'day', 'errors', 'requests'].map((field) => `ClientDay.${field}`),
  'ClientErrorCount',
  ...['code', 'count'].map((field) => `ClientErrorCount.${field}`),
  'ClientSecret',
  ...['createdDate', 'current', 'endsDate', 'id', 'lastUsedDate'].map((field) => `ClientSecret.${field}`),
  'DocumentMode',
  ...['LogUnknown', 'Open', 'RegisteredOnly'].map((mode) => `DocumentMode.${mode}`),
  'Mutation.rotateClientSecret',
  'Mutation.rotateClientSecret(overlapHours)',
  'RotateClientSecretPayload',
  ...['clientSecret', 'secret', 'userErrors'].map((field) => `RotateClientSecretPayload.${field}`),
  ...['lastUsedDate', 'useCount'].map((field) => `RegisteredDocument.${field}`),
  'RegisteredDocumentConnection',
  ...['edges', 'nodes', 'pageInfo', 'totalCount'].map((field) => `RegisteredDocumentConnection.${field}`),
  'RegisteredDocumentEdge',
  ...['cursor', 'node'].map((field) => `RegisteredDocumentEdge.${field}`),
  'UserErrorCode.UNEXPECTED',
  'Payment.version',
  // As the payment provider tells.
  ...['disputeStatus', 'disputeAmount', 'disputeWithdrawn'].map((field) => `Payment.${field}`),
  ...['PaymentDisputeStatus', 'PaymentFilter.disputeStatus'],
  ...['NeedsResponse', 'UnderReview', 'Won', 'Lost', 'Inquiry', 'InquiryClosed', 'Prevented'].map(
    (status) => `PaymentDisputeStatus.${status}`,
  ),
  ...['originalOrderId', 'originalOrderNumber', 'unitOfMeasure', 'inlineDiscountType'].map(
    (field) => `OrderLineItemFilter.${field}`,
  ),
  'OrderLineItemOrderField.itemName',
  // As a change of one line item has them.
  ...[
    ...[
      'itemName',
      'itemType',
      'billingRule',
      'unitOfMeasure',
      'listPricePerUnit',
      'amountPerUnit',
      'inlineDiscountType',
    ],
    ...['inlineDiscountPerUnit', 'taxMode', 'taxCode', 'transactionStartDate', 'transactionEndDate', 'paymentTerm'],
    ...['invoiceGroupNumber', 'productCode', 'purchaseOrderNumber', 'customFields'],
  ].map((field) => `UpdateOrderLineItemsEntry.${field}`),
  // Kept for other systems.
  ...['Account', 'CreateAccountInput', 'UpdateAccountInput'].map((type) => `${type}.details`),
  ...[
    ...['ownerAccountNumber', 'soldTo', 'shipTo', 'relatedSubscriptionNumber'].flatMap((field) => [
      ...['OrderLineItem', 'CreateOrderLineItemInput', 'UpdateOrderLineItemInput', 'UpdateOrderLineItemsEntry'].map(
        (type) => `${type}.${field}`,
      ),
    ]),
    ...['productRatePlanChargeId', 'communicationProfileId'].flatMap((field) => [
      `OrderLineItem.${field}`,
      `CreateOrderLineItemInput.${field}`,
    ]),
    ...['productRatePlanChargeId', 'relatedSubscriptionNumber', 'soldTo'].map(
      (field) => `OrderLineItemFilter.${field}`,
    ),
  ],
  'DateFilter.in',
  'HistoryEntry.actorName',
  ...['order', 'orderLineItem', 'fulfillment', 'invoice', 'creditMemo', 'payment'].map(
    (field) => `Query.${field}(asOf)`,
  ),
  'Invoice.offsets',
  'InvoiceOffset',
  'InvoiceOffset.id',
  'InvoiceOffset.amount',
  'InvoiceOffset.appliedDate',
  'InvoiceOffset.invoice',
  'InvoiceOffset.negativeInvoice',
  'BillRun.version',
  'BillRun.allowedActions',
  'BillRunStatus.RemoveInProgress',
  'BillRunFailure.during',
  'BillRunFailure.orderLineItem',
  'BillRunFailure.fulfillment',
  'BillRunActionState',
  ...['action', 'allowed', 'blockedBy'].map((field) => `BillRunActionState.${field}`),
  'BillRunAction',
  ...['Post', 'Cancel', 'Delete'].map((action) => `BillRunAction.${action}`),
  ...['amount', 'balance', 'source', 'reversed'].map((field) => `InvoiceFilter.${field}`),
  'DecimalFilter',
  ...['eq', 'in', 'gte', 'gt', 'lte', 'lt'].map((operator) => `DecimalFilter.${operator}`),
  ...['amount', 'balance'].map((field) => `InvoiceOrderField.${field}`),
  ...['Account.payments', 'BillRun.invoices', 'BillRun.creditMemos', 'OrderLineItem.returnOrderLineItems'].flatMap(
    (edge) => [`${edge}(filter)`, `${edge}(orderBy)`],
  ),
  'BillRunPreview.failures',
  'Mutation.registerDocuments',
  'Mutation.registerDocuments(dryRun)',
  'Mutation.registerDocuments(input)',
  'RegisterDocumentsPayload',
  'RegisterDocumentsPayload.documents',
  'RegisterDocumentsPayload.added',
  'RegisterDocumentsPayload.userErrors',
  'RegisteredDocument',
  'RegisteredDocument.documentId',
  'RegisteredDocument.operationName',
  'RegisteredDocument.cost',
  'RegisteredDocument.registeredDate',
  'RegisteredDocument.retiredDate',
  'RegisteredDocument.deprecated',
  'RegisterDocumentsInput',
  'RegisterDocumentsInput.clientId',
  'RegisterDocumentsInput.manifest',
];
