// What the drawer shows of a row: how it is, its history, what the wire said, its tree, its fills, how it was, and of a fill in review the
// order beside it.

import { request } from './api.js';
import { idField } from './columns.js';
import { registerPanel } from './desk.js';
import { el } from './dom.js';
import { shown } from './exact.js';
import { labelOf } from './fields.js';
import { formatFull } from './format.js';
import { LiveView } from './live.js';
import { fillsPicture, treePicture } from './pictures.js';
import { pairs, table, valueText } from './shapes.js';

const EVENTS_MAX = 200;
const FILLS_MAX = 500;
const ROUTINE = ['version', 'treeVersion', 'updatedAt', 'treeUpdatedAt', 'cursor', 'hash'];
// [label, of the fill, of its order]: what a fill in review is compared by.
const SIDES = [['Symbol', 'symbol', 'order_symbol'], ['Side', 'side', 'order_side'], ['Currency', 'currency', 'order_currency'], ['Quantity', 'last_qty', 'order_qty'], ['Price', 'last_px', 'order_price'],
	['Executed', 'cum_qty', 'executed_quantity'], ['Account', 'reported_account', 'account'], ['Status', 'ord_status', 'order_status'], ['ClOrdID', 'cl_ord_id', 'client_cl_ord_id']];

const pathOf = (object, id) => `/queries/${object.replaceAll('_', '-')}/${encodeURIComponent(id)}`;
const orderOf = (object, row, state) => (object === 'orders' ? row.id : state.orderId ?? null);

// Loads and draws, again whenever the row has another version; what came too late for another row is not drawn. still: of a moment that the
// user has chosen, which stays.
function panel(definition, load) {
	registerPanel({ ...definition, show(row, element, object) {
		let ended = false;
		let turn = 0;
		let version = row.version;	// what is loaded is as new at least
		async function draw() {
			const mine = ++turn;
			const children = await load(row, object).catch((error) => [el('p', { class: 'refused', role: 'alert' }, error.message)]);
			if (!ended && mine === turn) element.replaceChildren(...children.flat().filter(Boolean));
		}
		element.replaceChildren(el('p', { class: 'wait' }, '…'));
		draw();
		const view = definition.still ? null : new LiveView('panel', (what, now) => {
			const newest = now.rows[0]?.version ?? null;
			if (newest === null || newest === version) return;
			version = newest;
			draw();
		});
		view?.ask({ object, where: { [idField[object]]: row.id }, columns: [idField[object]], first: 0, count: 1 });
		return () => {
			ended = true;
			view?.close();
		};
	} });
}

const get = async (path) => (await request('GET', path)).data;
const stateOf = (object, id, at) => get(pathOf(object, id) + (at ? `?at=${encodeURIComponent(at)}` : ''));

// The oldest first, of the newest so many.
async function eventsOf(object, id) {
	const events = await get(`${pathOf(object, id)}/history?orderBy=-version&limit=${EVENTS_MAX}`);
	return events.reverse();
}

async function treeOf(order, at) {
	const rows = await get(`${pathOf('orders', order)}/tree${at ? `?at=${encodeURIComponent(at)}` : ''}`);
	// as it was it comes without depths
	const depths = new Map();
	return rows.map((row) => {
		const depth = Number(row.depth ?? (depths.has(row.parentId) ? depths.get(row.parentId) + 1 : 0));
		depths.set(row.orderId, depth);
		return { ...row, depth };
	});
}

async function fillsOf(tree, at) {
	const root = tree[0]?.rootId ?? tree[0]?.orderId;
	if (!root) return [];
	const body = { where: { rootId: root, ...(at ? { createdAt: { lte: at } } : {}) }, orderBy: ['createdAt', 'executionId'], limit: FILLS_MAX };
	return (await request('POST', '/queries/executions', { body })).data;
}

const isLive = (fill) => fill.status === 'VALIDATED' || fill.status === 'ALLOCATED';

function stateList(state) {
	return pairs(Object.entries(state).filter(([name]) => name !== 'cursor').map(([name, value]) => [labelOf(name), value]));
}

function treeParts(tree, fills) {
	return [treePicture(tree, fills), table('The tree', ['Order', 'Status', 'Quantity', 'Executed', 'Leaves', 'Unplaced', 'Average'],
		tree.map((row) => [row.orderId, row.status, ...['orderQty', 'executedQuantity', 'leavesQuantity', 'unplacedQuantity', 'avgPx'].map((name) => shown(row[name]))]))];
}

// What an event made different of the state before it; the first that is shown is compared with nothing.
function differences(before, after, isFirst) {
	if (!after) return '';
	if (!before && !isFirst) return '(older ones are not shown)';
	const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].filter((name) => !ROUTINE.includes(name) && JSON.stringify(before?.[name]) !== JSON.stringify(after[name]));
	return el('ul', { class: 'changes' }, names.map((name) => el('li', {}, before ? `${name}: ${valueText(before[name]) || '–'} → ${valueText(after[name]) || '–'}` : `${name}: ${valueText(after[name])}`)));
}

function historyItem(machine, event, before) {
	const why = event.command?.reason ?? event.command?.text;
	return el('li', {}, el('h3', {}, `${event.version} ${event.eventType}`),
		el('p', {}, el('time', { datetime: event.occurredAt, title: event.occurredAt }, formatFull(event.occurredAt)), ` ${event.actor}${event.via ? ` by ${event.via}` : ''}`, why ? `: ${why}` : ''),
		el('p', { class: 'finding' }, `rule ${event.transition}: ${machine.sentence(event.transition)}`),
		(event.findings ?? []).map((one) => el('p', { class: 'finding' }, `${one.rule}${one.answer ? ` ${one.answer}` : ''}${one.message ? `: ${one.message}` : ''}`)),
		differences(before?.state, event.state, event.version === '1'));
}

function asOf(row, object, events) {
	const newest = events.length - 1;
	const told = el('output', { for: 'as-of' }, 'as it is now');
	const input = el('input', { id: 'as-of', type: 'range', min: '0', max: String(newest), value: String(newest), step: '1', 'aria-valuetext': 'as it is now' });
	const shownThen = el('div', { class: 'then', 'aria-live': 'polite' });
	let turn = 0;
	input.addEventListener('input', () => {
		const event = events[Number(input.value)];
		told.textContent = Number(input.value) === newest ? 'as it is now' : `version ${event.version}, ${event.occurredAt}`;
		input.setAttribute('aria-valuetext', told.textContent);
	});
	async function load() {
		const mine = ++turn;
		const at = Number(input.value) === newest ? null : events[Number(input.value)].occurredAt;
		const state = await stateOf(object, row.id, at);
		const order = orderOf(object, row, state);
		const tree = order ? await treeOf(order, at) : [];
		const fills = await fillsOf(tree, at);
		if (mine === turn) shownThen.replaceChildren(...(tree.length > 0 ? treeParts(tree, fills) : []), stateList(state));
	}
	input.addEventListener('change', () => load().catch((error) => shownThen.replaceChildren(el('p', { class: 'refused' }, error.message))));
	load().catch(() => {});
	return [el('p', { class: 'as-of' }, el('label', { for: 'as-of' }, 'As of '), input, ' ', told), shownThen];
}

// The fill and its order, with the reasons and their figures. actionsOf(row): [{ id, label, why, run }] of the row as it is shown here.
async function reviewParts(row, actionsOf) {
	const waiting = await get(`/desk/review/${encodeURIComponent(row.id)}`).catch((refusal) => {
		if (refusal.status !== 404) throw refusal;
		return null;
	});
	const state = waiting ?? await stateOf('executions', row.id);
	const menu = el('menu', {}, actionsOf({ ...row, version: state.version }).map((action) => el('button', { type: 'button', 'aria-disabled': action.why ? 'true' : null, title: action.why, onclick: action.run }, action.label)));
	if (!waiting) {
		const { allocationProposal: proposal } = state;
		if (!proposal) return [el('p', {}, 'It does not wait in review.')];
		return [el('p', { class: 'eyes' }, `${proposal.author} proposes an allocation: somebody else approves it.`), pairs(Object.entries(proposal.command ?? {})), menu];
	}
	const cells = SIDES.map(([label, fill, order]) => [label, shown(waiting[fill]), shown(waiting[order])]);
	const compared = table('The fill and its order', ['', 'Fill', 'Order'], cells, { class: 'compared' });
	[...compared.tBodies[0].rows].forEach((line, at) => { if (at < 3 && cells[at][2] !== '' && cells[at][1] !== cells[at][2]) line.classList.add('different'); });
	const eyes = waiting.may_approve === false ? `Needs another person: entered by ${(waiting.authors ?? []).join(', ')}.` : null;
	return [el('ul', { class: 'reasons' }, (waiting.why ?? []).map((sentence) => el('li', {}, sentence))), eyes ? el('p', { class: 'eyes' }, eyes) : null, compared,
		waiting.suggested_order_id ? el('p', {}, `Its ids are those of order ${waiting.suggested_order_id}.`) : null,
		menu];
}

// hands: what the actions have (actions.js).
export function registerPanels(hands) {
	panel({ id: 'review', label: 'Review', objects: ['executions'], rank: 5 }, (row) => reviewParts(row, hands.reviewActions));
	panel({ id: 'state', label: 'All fields', rank: 10 }, async (row, object) => [stateList(await stateOf(object, row.id))]);
	panel({ id: 'history', label: 'History', rank: 20 }, async (row, object) => {
		const events = await eventsOf(object, row.id);
		return [el('ol', { class: 'history', 'aria-label': 'Events, the newest first' }, events.map((event, at) => historyItem(hands.machine, event, events[at - 1])).reverse())];
	});
	panel({ id: 'tree', label: 'Tree', objects: ['orders', 'executions'], rank: 30 }, async (row, object) => {
		const order = orderOf(object, row, await stateOf(object, row.id));
		if (!order) return [el('p', {}, 'It is in no tree.')];
		const tree = await treeOf(order);
		return treeParts(tree, await fillsOf(tree));
	});
	panel({ id: 'fills', label: 'Fills', objects: ['orders'], rank: 40 }, async (row) => {
		const order = await stateOf('orders', row.id);
		const fills = await fillsOf(await treeOf(row.id));
		return [fillsPicture(fills.filter(isLive), order.price ?? null, order.side), table(`${fills.length} executions`, ['Execution', 'At', 'Status', 'Quantity', 'Price', 'Flags'],
			fills.map((fill) => [fill.executionId, formatFull(fill.createdAt), fill.status, shown(fill.lastQty), shown(fill.lastPx), (fill.flags ?? []).join(' ')]))];
	});
	panel({ id: 'as-of', label: 'As of', rank: 50, still: true }, async (row, object) => asOf(row, object, await eventsOf(object, row.id)));
	panel({ id: 'fix', label: 'FIX', rank: 60 }, async (row, object) => {
		const told = (await eventsOf(object, row.id)).filter((event) => typeof event.command?.fixMessage === 'string');
		if (told.length === 0) return [el('p', {}, 'No message: none of this was told by FIX.')];
		return told.map((event) => el('figure', {}, el('figcaption', {}, `version ${event.version}, ${event.occurredAt}`), el('pre', { class: 'fix', tabindex: '0' }, event.command.fixMessage.replaceAll('\u0001', '|'))));
	});
}
