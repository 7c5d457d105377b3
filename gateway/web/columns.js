// The fields of each kind of object, as the live engine has them, and how the page shows them.
//
// A line of a table below: field, label, type, width in pixels. Types: text, name (of a list), number, time, date, texts, flag, document.

const orders = `
orderId|Order|text|132
clOrdID|ClOrdID|text|120
status|Status|name|118
side|Side|name|62
symbol|Symbol|text|84
currency|Ccy|text|48
orderQty|Quantity|number|104
price|Price|number|84
executedQuantity|Executed|number|104
leavesQuantity|Leaves|number|104
avgPx|Avg price|number|84
workingQuantity|Working|number|104
unplacedQuantity|Unplaced|number|104
account|Account|text|92
deskStatus|Desk|name|82
deskUser|Desk user|text|88
ordType|Type|name|78
timeInForce|TIF|name|70
destination|Destination|text|92
flags|Flags|texts|110
createdAt|Created|time|104
updatedAt|Updated|time|104
conditions|Conditions|texts|120
assetClass|Class|text|76
executedValue|Value|number|104
allocatedQuantity|Allocated|number|92
reviewQuantity|In review|number|88
reservedQuantity|Reserved|number|88
stopPx|Stop|number|80
cashOrderQty|Cash qty|number|96
childCount|Children|number|66
liveChildren|Live children|number|88
deskSince|Desk since|time|104
deskReason|Desk reason|text|160
reason|Reason|text|160
text|Text|text|180
counterpartyOrderID|Broker’s id|text|120
fixSession|FIX session|text|96
parentId|Parent|text|120
rootId|Root|text|120
quoteId|Quote|text|110
expireTime|Expires|time|104
expireDate|Expire date|date|88
reportedOrdStatus|Reported status|name|118
reportedCumQty|Reported cum|number|92
reportedLeavesQty|Reported leaves|number|92
reportedAvgPx|Reported avg|number|84
ownExecutedQuantity|Own executed|number|92
quantityFactor|Factor|number|66
doneForDayDate|Done for day|date|88
nextPlacementAt|Next placement|time|104
blockOrderIds|Blocks|texts|120
liveBlocks|Live blocks|number|80
version|Version|number|60
closed|Closed|flag|60
attributes|Attributes|document|160`;

const executions = `
executionId|Execution|text|132
execID|ExecID|text|120
status|Status|name|96
side|Side|name|62
symbol|Symbol|text|84
lastQty|Quantity|number|92
lastPx|Price|number|84
orderId|Order|text|132
account|Account|text|92
lastMkt|Market|text|64
quantity|Counts|number|92
allocatedQuantity|Allocated|number|92
reviewReasons|Review|document|200
flags|Flags|texts|110
transactTime|Traded|time|104
currency|Ccy|text|48
authors|Authors|texts|110
reason|Reason|text|160
text|Text|text|180
execType|Exec type|name|90
commission|Commission|number|88
tradeDate|Trade date|date|88
settlDate|Settlement|date|88
createdAt|Created|time|104
updatedAt|Updated|time|104
clOrdID|ClOrdID|text|120
counterpartyOrderID|Broker’s id|text|120
fixSession|FIX session|text|96
execRefID|Refers to|text|110
cumQty|Cum|number|88
leavesQty|Leaves|number|88
avgPx|Avg price|number|84
ordStatus|Order status|name|118
correctedExecutionId|Corrects|text|120
correctingExecutionId|Corrected by|text|120
bustExecID|Bust|text|110
supersededExecutionId|Supersedes|text|120
supersedingExecutionId|Superseded by|text|120
reportedLastQty|Reported qty|number|92
reportedLastPx|Reported price|number|84
reportedOrderId|Reported order|text|120
reportedSymbol|Reported symbol|text|92
reportedSide|Reported side|name|82
reportedAccount|Reported account|text|92
dkReason|DK reason|name|110
commType|Comm. type|name|96
lastCapacity|Capacity|name|90
bookedAt|Booked|time|104
movedFromExecutionId|Moved from|text|120
movedToExecutionId|Moved to|text|120
tradingDay|Trading day|date|88
quantityFactor|Factor|number|66
rootId|Root|text|120
version|Version|number|60
attributes|Attributes|document|160`;

const quotes = `
quoteId|Quote|text|132
status|Status|name|96
dealer|Dealer|text|92
symbol|Symbol|text|84
bidPx|Bid|number|84
offerPx|Offer|number|84
bidSize|Bid size|number|92
offerSize|Offer size|number|92
currency|Ccy|text|48
validUntilTime|Valid until|time|104
quoteType|Type|name|90
account|Account|text|92
side|Side|name|62
acceptedQuantity|Accepted|number|92
acceptedPx|Accepted at|number|84
executedQuantity|Executed|number|92
quoteRequestId|Request|text|132
quoteID|QuoteID|text|120
quoteReqID|QuoteReqID|text|120
orderId|Order|text|120
flags|Flags|texts|110
settlType|Settl. type|text|70
settlDate|Settlement|date|88
midPx|Mid|number|84
bidYield|Bid yield|number|84
midYield|Mid yield|number|84
offerYield|Offer yield|number|84
bidSpotRate|Bid spot|number|84
offerSpotRate|Offer spot|number|84
bidForwardPoints|Bid points|number|84
offerForwardPoints|Offer points|number|84
minBidSize|Min bid|number|84
minOfferSize|Min offer|number|84
transactTime|Quoted|time|104
acceptedAt|Accepted|time|104
answeredAt|Answered|time|104
createdAt|Created|time|104
updatedAt|Updated|time|104
supersededQuoteId|Supersedes|text|120
supersedingQuoteId|Superseded by|text|120
quoteSetID|Set|text|92
quoteEntryID|Entry|text|92
fixSession|FIX session|text|96
reason|Reason|text|160
text|Text|text|180
rootId|Root|text|120
version|Version|number|60
attributes|Attributes|document|160`;

const requests = `
quoteRequestId|Request|text|132
status|Status|name|96
side|Side|name|62
symbol|Symbol|text|84
orderQty|Quantity|number|92
account|Account|text|92
currency|Ccy|text|48
dealers|Dealers|texts|150
quotedAt|Quoted|time|104
expireTime|Expires|time|104
acceptedQuoteId|Accepted|text|132
executedQuantity|Executed|number|92
coverPx|Cover|number|84
coverDistance|Distance|number|84
quoteType|Type|name|90
assetClass|Class|text|76
quoteReqID|QuoteReqID|text|120
orderId|Order|text|120
acceptedOrderId|Dealt by|text|120
coverQuoteId|Cover quote|text|120
flags|Flags|texts|110
settlType|Settl. type|text|70
settlDate|Settlement|date|88
transactTime|Asked|time|104
createdAt|Created|time|104
updatedAt|Updated|time|104
fixSession|FIX session|text|96
multipleQuotes|Several|flag|66
reason|Reason|text|160
text|Text|text|180
rootId|Root|text|120
version|Version|number|60
attributes|Attributes|document|160`;

// How many of them are shown where nobody has chosen.
const shown = { orders: 20, executions: 16, quotes: 14, quote_requests: 14 };
// What has a dictionary in the engine: these can be grouped by, and their values listed.
const few = {
	orders: 'status fixSession symbol side ordType timeInForce account currency assetClass destination reportedOrdStatus deskStatus deskUser',
	executions: 'status execType symbol side lastMkt ordStatus fixSession commType lastCapacity currency account reportedAccount dkReason reportedSymbol reportedSide',
	quotes: 'status fixSession dealer quoteType symbol currency account settlType side',
	quote_requests: 'status fixSession symbol side quoteType account currency assetClass settlType',
};

function read(object, table) {
	const lists = new Set(few[object].split(' '));
	return table.trim().split('\n').map((line) => {
		const [field, label, type, width] = line.split('|');
		return { field, label, type, width: Number(width), few: lists.has(field), show: /^price$|Px$/.test(field) ? 'price' : type };
	});
}

export const columnsOf = { orders: read('orders', orders), executions: read('executions', executions), quotes: read('quotes', quotes), quote_requests: read('quote_requests', requests) };
export const idField = { orders: 'orderId', executions: 'executionId', quotes: 'quoteId', quote_requests: 'quoteRequestId' };

const byField = new Map(Object.entries(columnsOf).map(([object, columns]) => [object, new Map(columns.map((column) => [column.field, column]))]));

export const columnOf = (object, field) => byField.get(object)?.get(field) ?? null;

// [{ field, width, pinned }], first those that are shown.
export function defaultColumns(object, fields = null) {
	const names = fields ?? columnsOf[object].slice(0, shown[object]).map((column) => column.field);
	return names.map((field, i) => ({ field, width: columnOf(object, field).width, pinned: i === 0 }));
}
