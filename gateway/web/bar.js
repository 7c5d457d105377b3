// The line above the grid: how many rows, how they are arranged, layouts, columns, what goes out.

import { columnsOf } from './columns.js';
import { currentGrid, fillsShown, showFills } from './blotter.js';
import { on } from './desk.js';
import { byId, el, setText, soon } from './dom.js';
import { copyRows, exportCsv } from './export.js';
import { groupDigits } from './format.js';
import { openColumns, openLayouts } from './layouts.js';
import { openHelp } from './keys.js';
import * as state from './state.js';

const parts = {};

const button = (label, title, run, more = {}) => el('button', { type: 'button', title, onclick: run, ...more }, label);

function setMode(event) {
	const value = event.target.value;
	if (value === 'flat' || value === 'tree') state.change({ mode: value, groupBy: null });
	else state.change({ mode: 'group', groupBy: value });
}

function modes() {
	const { object } = state.currentTab();
	const view = state.viewOf(state.currentTab().id);
	const current = view.mode === 'group' ? view.groupBy : view.mode;
	const one = (value, label) => el('option', { value, selected: value === current }, label);
	parts.mode.replaceChildren(one('flat', 'Flat'), ...(object === 'orders' ? [one('tree', 'Tree')] : []), ...columnsOf[object].filter((column) => column.few).map((column) => one(column.field, `By ${column.label.toLowerCase()}`)));
}

export function clearFilters() {
	state.change({ filters: {}, search: '' });
}

function draw() {
	const grid = currentGrid();
	if (!grid?.state) return;
	const { view } = grid;
	const filtered = Object.keys(grid.state.filters).length > 0 || grid.state.search.trim() !== '';
	const rows = grid.state.mode === 'flat' ? '' : ` (${groupDigits(String(view.total))} lines)`;
	setText(parts.count.firstChild, view.loaded ? `${groupDigits(String(view.matches))}${rows}${filtered ? ' filtered' : ''}` : '…');
	parts.clear.hidden = !filtered;
	parts.freeze.setAttribute('aria-pressed', String(grid.frozen));
	setText(parts.freeze.firstChild, grid.frozen ? `Frozen${view.fresh > 0 ? ` +${view.fresh} new` : ''}` : 'Freeze');
	const below = !grid.frozen && grid.top > 0 && view.fresh > 0;
	parts.fresh.hidden = !below;
	if (below) setText(parts.fresh.firstChild, `+${view.fresh} new`);
	parts.fills.setAttribute('aria-pressed', String(fillsShown()));
	const search = byId('search');
	if (document.activeElement !== search && search.value !== grid.state.search) search.value = grid.state.search;
	modes();
}

export function begin() {
	parts.count = el('output', { id: 'count', 'aria-label': 'Rows' }, '…');
	parts.mode = el('select', { id: 'mode', 'aria-label': 'Arrangement', title: 'Arrangement', onchange: setMode });
	parts.clear = button('Clear filters', 'Clear all filters (Esc)', clearFilters, { hidden: true });
	parts.freeze = button('Freeze', 'Rows stay where they are, their cells go on (f)', () => currentGrid().setFrozen(!currentGrid().frozen), { id: 'freeze', 'aria-pressed': 'false', 'aria-keyshortcuts': 'f' });
	parts.fresh = button('+0 new', 'To the top', () => currentGrid().moveTo(0), { id: 'fresh', hidden: true });
	parts.fills = button('Fills', 'Fills of the order that is looked at', () => {
		showFills(!fillsShown());
		try {
			localStorage.setItem('oms.fills', fillsShown() ? 'yes' : 'no');
		} catch {
			// for this visit alone
		}
	}, { id: 'fills', 'aria-pressed': 'false' });
	byId('bar').append(parts.count, parts.mode, parts.clear, parts.freeze, parts.fresh, el('span', { class: 'space' }), parts.fills,
		button('Columns', 'Columns to show, move, size and pin (o)', openColumns, { id: 'columns', 'aria-keyshortcuts': 'o' }), button('Layouts', 'Named layouts (l)', openLayouts, { id: 'layouts', 'aria-keyshortcuts': 'l' }),
		button('Copy', 'Copy the chosen rows (Ctrl+C)', copyRows, { id: 'copy' }), button('CSV', 'All rows of this view as CSV (e)', exportCsv, { id: 'csv', 'aria-keyshortcuts': 'e' }), button('?', 'Keys (?)', openHelp, { id: 'help', 'aria-label': 'Keys' }));
	const later = soon(60, draw);
	for (const event of ['grid', 'view']) on(event, later);
	const typed = soon(250, () => { if (byId('search').value !== state.viewOf(state.currentTab().id).search) state.change({ search: byId('search').value }); });
	byId('search').addEventListener('input', typed);
	byId('search').addEventListener('keydown', (event) => {
		if (event.key === 'Escape') {
			byId('search').value = '';
			if (state.viewOf(state.currentTab().id).search !== '') state.change({ search: '' });
		}
		if (event.key === 'Escape' || event.key === 'Enter' || event.key === 'ArrowDown') {
			event.preventDefault();
			event.stopPropagation();
			currentGrid().element.focus();
		}
	});
}
