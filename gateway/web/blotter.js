// The tab that is shown, its grid, and the fills below it.

import { emit, notice, on, selection, setSelection } from './desk.js';
import { byId, el } from './dom.js';
import { Grid } from './grid.js';
import { markFilters } from './gridhead.js';
import { LiveView } from './live.js';
import * as state from './state.js';
import { defaultColumns } from './columns.js';
import { tabs } from './tabs.js';

let grid = null;
let fills = null;
let begun = false;

export const currentGrid = () => grid;

function openRow(row, object) {
	emit('open', { object, row });
}

// ---- the grid of the tab ----

function makeGrid() {
	const tab = state.currentTab();
	grid?.destroy();
	setSelection({ tab: tab.id, object: tab.object, rows: [], active: null });
	grid = new Grid({
		host: byId('blotter'), label: tab.label, object: tab.object, tab: tab.id, where: tab.where ?? null, speaks: true,
		change: (changes) => state.change(changes),
		open: (row) => openRow(row, tab.object),
		told: () => emit('grid', grid),
		refused: (problem) => {
			grid.problem = problem.detail ?? problem.error?.detail ?? problem.title ?? 'This cannot be shown';
			grid.redraw();
			notice(grid.problem, { kind: 'warn' });
		},
	});
	grid.setState(state.viewOf(tab.id));
	emit('grid', grid);
	drawTabs();
}

function viewChanged({ tab, changes }) {
	if (!grid) return;
	if (grid.tab !== tab) {
		const focus = document.activeElement === grid.element || document.activeElement === document.body;
		makeGrid();
		if (focus) grid.element.focus();
		return;
	}
	const typing = grid.headBox.contains(document.activeElement) ? document.activeElement.dataset.filter : null;
	const again = changes === null || Object.keys(changes).some((name) => name !== 'columns');
	if (changes !== null && Object.keys(changes).every((name) => name === 'filters' || name === 'search')) {
		grid.state = state.viewOf(tab);
		grid.begin();
		markFilters(grid);
	} else grid.setState(state.viewOf(tab), again);
	if (typing) grid.headBox.querySelector(`[data-filter="${CSS.escape(typing)}"]`)?.focus();
	emit('grid', grid);
}

// ---- tabs ----

const counts = new Map();

function drawTabs() {
	const current = state.currentTab();
	byId('tabs').replaceChildren(...tabs.map((tab, i) => {
		const count = counts.get(tab.id);
		return el('button', {
			type: 'button', role: 'tab', id: `tab-${tab.id}`, 'aria-selected': String(tab === current), 'aria-controls': 'blotter', tabindex: tab === current ? '0' : '-1',
			title: `${tab.label} (Alt+${i + 1})`, onclick: () => state.show(tab.id),
		}, tab.label, count ? el('span', { class: 'count' }, String(count.matches)) : null);
	}));
	byId('blotter').setAttribute('aria-labelledby', `tab-${current.id}`);
}

function tabKeys(event) {
	const at = tabs.indexOf(state.currentTab());
	const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
	if (!(event.key in steps)) return;
	event.preventDefault();
	state.show(tabs[(steps[event.key] + tabs.length) % tabs.length].id);
	byId('tabs').querySelector('[aria-selected=true]').focus();
}

// What waits in the queues is counted, whatever is shown.
function beginCounts() {
	for (const tab of tabs.filter((one) => one.counts)) {
		const view = new LiveView(`n-${tab.id}`, (what) => {
			if (what === 'refused') return;
			const before = counts.get(tab.id)?.matches;
			counts.set(tab.id, { matches: view.matches });
			if (before !== view.matches) {
				drawCount(tab);
				emit('count', { tab: tab.id, count: view.matches, before });
			}
		});
		view.ask({ object: tab.object, where: tab.where, orderBy: [], columns: [], first: 0, count: 0 });
	}
}

function drawCount(tab) {
	const button = byId(`tab-${tab.id}`);
	button?.querySelector('.count')?.remove();
	button?.append(el('span', { class: 'count' }, String(counts.get(tab.id).matches)));
}

// ---- fills of the order that is looked at ----

export const fillsShown = () => fills !== null;

export function showFills(shown) {
	byId('below').hidden = !shown;
	fills?.destroy();
	fills = null;
	if (shown) {
		fills = new Grid({
			host: byId('below'), label: 'Fills', object: 'executions', where: null, speaks: false, change: (changes) => fills.setState({ ...fills.state, ...changes }),
			open: (row) => openRow(row, 'executions'),
		});
		followOrder(selection());
	}
	emit('grid', grid);
}

let followed = null;

function followOrder({ active, object }) {
	if (!fills || !active) return;
	const order = object === 'orders' ? active.id : active.cells.orderId ?? active.cells.acceptedOrderId;
	const where = !order ? { orderId: { in: [] } } : object === 'orders' && !active.cells.parentId ? { rootId: order } : { orderId: order };
	const key = JSON.stringify(where);
	if (fills.state && key === followed) return;
	followed = key;
	fills.where = where;
	fills.label = `Fills of ${order ?? 'nothing'}`;
	fills.element.setAttribute('aria-label', fills.label);
	fills.setState(fills.state ?? { filters: {}, search: '', orderBy: ['-createdAt'], mode: 'flat', groupBy: null, columns: defaultColumns('executions', ['executionId', 'status', 'orderId', 'side', 'symbol', 'lastQty', 'lastPx', 'quantity', 'allocatedQuantity', 'lastMkt', 'transactTime', 'execID', 'account', 'currency']) });
}

export function begin() {
	if (!begun) {
		begun = true;
		on('view', viewChanged);
		on('selection', followOrder);
		byId('tabs').addEventListener('keydown', tabKeys);
		beginCounts();
		makeGrid();
		if (localStorage.getItem('oms.fills') === 'yes') showFills(true);
	}
	grid.element.focus();
}
