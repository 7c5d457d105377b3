// What can be asked for, as a table: one row is one ticket. Fields are named here; their types, and which of them must be there, the
// catalogue says.
//
//   object    whose rows it is about; null: of none
//   command   what it sends; service: what is asked instead, and then the command says only whether it may be, and what a preview shows where
//             the service has no arguments of its own
//   fields    [name, { from: of the row, value, names: 'object.field', label }]
//   many      several rows at once, a command for each
//   about     the row's id goes there
//   direct    nothing is to be said: it is sent at once (a preference asks before)
//   version   false: the command takes no expectedVersion of the row it is opened on

const REASON = ['reason'];
const TEXT = ['text'];
const TERMS = [['orderQty', { from: 'orderQty' }], ['price', { from: 'price' }], ['stopPx', { from: 'stopPx' }], ['timeInForce', { from: 'timeInForce', names: 'orders.timeInForce' }]];
const NEW = [['symbol', {}], ['side', { names: 'orders.side' }], ['orderQty', {}], ['ordType', { names: 'orders.ordType', value: 'LIMIT' }], ['price', {}], ['stopPx', {}],
	['timeInForce', { names: 'orders.timeInForce', value: 'DAY' }], ['account', {}], ['currency', {}], ['destination', {}], ['clOrdID', {}], TEXT];
const FILL = [['lastQty', {}], ['lastPx', {}], ['lastMkt', {}], ['execID', {}]];

export const TICKETS = [
	{ id: 'new', key: 'n', label: 'New order', object: null, command: 'CreateOrderCommand', fields: NEW, focus: 'symbol' },
	{ id: 'submit', key: 'N', label: 'Submit order', object: null, command: 'CreateOrderCommand', service: 'SubmitClientOrder', fields: NEW, focus: 'symbol' },
	{ id: 'desk', key: 'd', label: 'Send to desk', object: 'orders', command: 'SendOrderToDeskCommand', about: 'orderId', many: true, fields: [REASON] },
	{ id: 'claim', key: 'c', label: 'Claim', object: 'orders', command: 'ClaimOrderCommand', about: 'orderId', many: true, fields: [], direct: true },
	{ id: 'release', key: 'r', label: 'Release', object: 'orders', command: 'ReleaseOrderFromDeskCommand', about: 'orderId', many: true,
		fields: [['deskStatus', { choices: ['RELEASED', 'QUEUED'], value: 'RELEASED', label: 'To' }], REASON] },
	{ id: 'place', key: 'p', label: 'Place', object: 'orders', command: 'PlaceOrderCommand', about: 'orderId', fields: [TEXT], lines: 'children' },
	{ id: 'replace', key: 'u', label: 'Replace', object: 'orders', command: 'ReplaceOrderCommand', about: 'orderId', fields: [...TERMS, ['clOrdID', {}], REASON], focus: 'orderQty', changed: true },
	{ id: 'cancel', key: 'Delete', label: 'Cancel', object: 'orders', command: 'CancelOrderCommand', about: 'orderId', many: true, fields: [REASON] },
	{ id: 'cancel-all', key: 'X', label: 'Cancel with all below', object: 'orders', command: 'CancelOrderCommand', service: 'CancelClientOrder', about: 'orderId', version: false,
		fields: [REASON, TEXT] },
	{ id: 'replace-all', key: 'U', label: 'Replace with all below', object: 'orders', command: 'ReplaceOrderCommand', service: 'ReplaceClientOrder', about: 'orderId', changed: true,
		fields: [...TERMS, REASON], focus: 'orderQty' },
	{ id: 'manual', key: 'm', label: 'Manual execution', object: 'orders', command: 'CreateManualExecutionCommand', about: 'orderId', version: false,
		fields: [...FILL, REASON, ['tradeDate', {}], ['confirm', { label: 'Though it looks like a fill that is there' }]], focus: 'lastQty' },
	{ id: 'allocate', key: 'a', label: 'Allocate', object: 'orders', command: 'AllocateExecutionCommand', about: 'orderId', lines: 'allocations', version: false,
		fields: [['method', { choices: ['', 'PRO_RATA', 'EQUAL', 'PRIORITY'], label: 'Method (without lines)' }], ['quantity', {}], REASON, ['confirm', { label: 'In spite of a member’s limit' }]] },
	{ id: 'approve', key: 'y', label: 'Approve', object: 'executions', command: 'ApproveExecutionCommand', about: 'executionId', many: true,
		fields: [['orderId', { label: 'Another order' }], ['lastQty', {}], ['lastPx', {}], ['supersedes', { label: 'In place of execution' }], ['confirm', {}], TEXT] },
	{ id: 'reject', key: 'x', label: 'Reject (DK)', object: 'executions', command: 'RejectExecutionCommand', about: 'executionId', many: true,
		fields: [REASON, ['dkReason', { names: 'executions.dkReason', label: 'DK reason' }]], focus: 'reason' },
	{ id: 'correct', key: 'C', label: 'Correct', object: 'executions', command: 'CorrectExecutionCommand', about: 'executionId',
		fields: [['lastQty', { from: 'lastQty' }], ['lastPx', { from: 'lastPx' }], ['execID', {}], REASON], focus: 'lastQty' },
	{ id: 'bust', key: 'b', label: 'Bust', object: 'executions', command: 'BustExecutionCommand', about: 'executionId', many: true, fields: [REASON, ['execID', {}]], focus: 'reason' },
	{ id: 'move', key: 'V', label: 'Move to another order', object: 'executions', command: 'BustExecutionCommand', service: 'MoveExecution', about: 'executionId', version: false,
		fields: [['orderId', { label: 'To order' }], ['confirm', { label: 'Though a fill there looks like it' }], TEXT], focus: 'orderId' },
	{ id: 'accept', key: 'q', label: 'Accept quote', object: 'quotes', command: 'AcceptQuoteCommand', about: 'quoteId',
		fields: [['side', { names: 'orders.side', from: 'side' }], ['orderQty', {}], ['price', {}], ['clOrdID', {}]], focus: 'side' },
];

// What must be known of a row before any of them is offered; also what a ticket shows of it.
export const NEEDED = {
	orders: ['orderId', 'status', 'conditions', 'closed', 'symbol', 'side', 'account', 'currency', 'orderQty', 'price', 'stopPx', 'timeInForce', 'executedQuantity', 'leavesQuantity',
		'unplacedQuantity', 'allocatedQuantity', 'liveChildren', 'avgPx', 'deskStatus', 'deskUser', 'pendingRequests', 'members', 'parentId', 'rootId', 'clOrdID', 'destination', 'flags', 'reason'],
	executions: ['executionId', 'status', 'orderId', 'symbol', 'side', 'account', 'currency', 'lastQty', 'lastPx', 'lastMkt', 'execID', 'authors', 'flags', 'reason', 'rootId', 'reviewReasons',
		'allocationProposal', 'allocatedQuantity', 'tradeDate'],
	quotes: ['quoteId', 'status', 'quoteRequestId', 'dealer', 'symbol', 'side', 'account', 'currency', 'bidPx', 'offerPx', 'bidSize', 'offerSize', 'validUntilTime', 'orderId'],
	quote_requests: ['quoteRequestId', 'status', 'symbol', 'side', 'orderQty', 'account', 'currency', 'acceptedOrderId', 'expireTime'],
};

export const IDS = { orders: 'orderId', executions: 'executionId', quotes: 'quoteId', quote_requests: 'quoteRequestId' };

// Of these what lives in memory: rows bring it along, so that a button is grey at once.
export const CARRIED = Object.fromEntries(Object.entries(NEEDED).map(([object, names]) => [object,
	names.filter((name) => !['pendingRequests', 'members', 'allocationProposal'].includes(name))]));

// The path of a command's kind of object.
export function pathOf(object) {
	return `${object.replaceAll('_', '-')}s`;
}
