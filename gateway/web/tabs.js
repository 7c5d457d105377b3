// The tabs: what each looks at, and how it begins.

import { columnsOf, defaultColumns } from './columns.js';

// { id, label, object, where, orderBy, fields, mode }
export const tabs = [
	{ id: 'orders', label: 'Orders', object: 'orders', orderBy: ['-createdAt'] },
	{ id: 'executions', label: 'Executions', object: 'executions', orderBy: ['-createdAt'] },
	{ id: 'requests', label: 'Quote requests', object: 'quote_requests', orderBy: ['-createdAt'] },
	{ id: 'quotes', label: 'Quotes', object: 'quotes', orderBy: ['-createdAt'] },
	{ id: 'desk', label: 'Desk queue', object: 'orders', where: { deskStatus: ['QUEUED', 'CLAIMED'] }, orderBy: ['deskSince'], counts: true,
		fields: ['orderId', 'deskStatus', 'deskUser', 'deskSince', 'deskReason', 'side', 'symbol', 'orderQty', 'price', 'unplacedQuantity', 'workingQuantity', 'executedQuantity', 'account', 'status', 'conditions', 'clOrdID', 'currency'] },
	{ id: 'review', label: 'Review queue', object: 'executions', where: { status: 'REVIEW' }, orderBy: ['createdAt'], counts: true,
		fields: ['executionId', 'reviewReasons', 'side', 'symbol', 'lastQty', 'lastPx', 'orderId', 'account', 'authors', 'execID', 'transactTime', 'lastMkt', 'currency', 'text', 'createdAt'] },
	{ id: 'alerts', label: 'Alerts', object: 'orders', where: { or: [{ status: 'REJECTED' }, { flags: ['DISAGREES', 'OVERFILLED', 'OVER_PLACED', 'EXPIRY_OVERDUE', 'LATE_FILL', 'LATE_CANCEL', 'LIMIT_EXCEEDED'] }, { conditions: ['PENDING_CANCEL', 'PENDING_REPLACE'] }] },
		orderBy: ['-updatedAt'], fields: ['orderId', 'updatedAt', 'status', 'flags', 'conditions', 'reason', 'side', 'symbol', 'orderQty', 'executedQuantity', 'price', 'account', 'text', 'clOrdID'] },
];

export const tabOf = (id) => tabs.find((tab) => tab.id === id) ?? tabs[0];

// What a tab shows where nobody has changed anything.
export function beginning(tab) {
	return { filters: {}, search: '', orderBy: tab.orderBy, mode: 'flat', groupBy: null, columns: defaultColumns(tab.object, tab.fields ?? null) };
}

// What registerFields() is told at the start: every row brings these along.
export const always = {
	orders: ['status', 'conditions', 'symbol', 'side', 'account', 'orderQty', 'price', 'currency', 'executedQuantity', 'leavesQuantity', 'unplacedQuantity', 'parentId', 'rootId', 'clOrdID', 'deskStatus', 'deskUser', 'childCount', 'closed', 'createdAt', 'ordType', 'timeInForce', 'liveBlocks', 'quoteId'],
	executions: ['status', 'symbol', 'side', 'account', 'lastQty', 'lastPx', 'orderId', 'rootId', 'execID', 'currency', 'authors', 'reviewReasons', 'allocatedQuantity', 'flags', 'createdAt'],
	quotes: ['status', 'symbol', 'side', 'account', 'dealer', 'bidPx', 'offerPx', 'bidSize', 'offerSize', 'quoteRequestId', 'quoteType', 'currency', 'validUntilTime', 'createdAt'],
	quote_requests: ['status', 'symbol', 'side', 'account', 'orderQty', 'currency', 'orderId', 'createdAt'],
};

for (const [object, fields] of Object.entries(always)) for (const field of fields) if (!columnsOf[object].some((column) => column.field === field)) throw new Error(`${object} have no ${field}`);
