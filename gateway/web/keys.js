// Keys of the whole page. A letter acts where nothing is typed.

import { clearFilters } from './bar.js';
import { currentGrid } from './blotter.js';
import { actionsFor, notice, on, runAction, selection } from './desk.js';
import { byId, el, openDialog } from './dom.js';
import { copyRows, exportCsv } from './export.js';
import { openColumns, openLayouts } from './layouts.js';
import { LiveView } from './live.js';
import { idField } from './columns.js';
import * as state from './state.js';
import { tabs } from './tabs.js';

const table = [
	['↑ ↓ j k, PgUp PgDn, Home End', 'Move by rows; with Shift choose them. Ctrl+Home the first cell'], ['← →', 'Move by columns; in a tree or group close and open'], ['Alt+← Alt+→', 'Move the column; with Shift size it'],
	['Space', 'Choose a row, or not'], ['Enter', 'Open the row’s detail'], ['/', 'Filter of this column; v its values; Alt+↓ in a filter too'], ['Ctrl+F', 'Search in all texts'], ['Esc', 'Clear: what is chosen, then filters; close what is open'],
	['s S', 'Sort by this column; S behind the others'], ['Ctrl+Z Ctrl+Y', 'Undo and redo filters, order and tabs'], ['f', 'Freeze the rows'], ['g', 'Go to a row: its number, or its id'],
	['t', 'Flat or tree'], ['T', 'Sums of all currencies, or the first four'], ['o l e', 'Columns, layouts, CSV'], ['Ctrl+C', 'Copy the chosen rows'], ['Alt+1 … Alt+7', 'Tabs'], ['F6', 'To the next part of the page'],
];

export function openHelp() {
	const actions = actionsFor(selection().object).filter((action) => action.key);
	const line = ([keys, what]) => el('tr', {}, el('th', { scope: 'row' }, keys), el('td', {}, what));
	const { close } = openDialog('Keys', el('table', { class: 'keys' }, el('tbody', {}, table.map(line), actions.map((action) => line([action.key, action.label])))),
		el('p', {}, 'Filters: 100, >100, <=100, 10..20, NEW,FILLED, !NEW, abc*, *abc*, - for nothing there, !- for something, "a,b" as it is.'),
		el('footer', {}, el('button', { type: 'button', class: 'main', onclick: () => close() }, 'Done')));
}

// ---- to a row ----

function goTo(text) {
	const grid = currentGrid();
	if (/^\d{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= grid.view.total) {
		grid.choice.go(Number(text) - 1);
		return;
	}
	// is it in this view, and where: a window of one row, anchored at it
	const view = new LiveView('goto', (what) => {
		const row = what === 'refused' ? undefined : view.rows[0];
		const at = view.first;
		view.close();
		if (row?.id === text) grid.choice.go(at);
		else notice(`${text} is not in this view`, { kind: 'warn' });
	});
	const spec = grid.spec();
	view.ask({ ...spec, columns: [idField[grid.object]], anchor: { id: text, offset: 0 }, first: 0, count: 1, ...(spec.mode === 'flat' ? {} : { expand: grid.opened() }) });
}

function openGoTo() {
	const input = el('input', { 'aria-label': 'Number of the row, or its id', placeholder: 'Number or id' });
	const { close } = openDialog('Go to', el('form', { class: 'line', onsubmit: (event) => { event.preventDefault(); const text = input.value.trim(); close(); if (text) goTo(text); } }, input, el('button', { type: 'submit', class: 'main' }, 'Go')));
	input.focus();
}

// ---- dispatch ----

const types = (element) => element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement || element?.isContentEditable;

const plain = {
	'?': openHelp, g: openGoTo, o: openColumns, l: openLayouts, e: exportCsv,
	t: () => { if (state.currentTab().object === 'orders') state.change(state.viewOf(state.currentTab().id).mode === 'tree' ? { mode: 'flat', groupBy: null } : { mode: 'tree', groupBy: null }); },
	Escape: () => { if (Object.keys(currentGrid().state.filters).length > 0 || currentGrid().state.search) clearFilters(); },
};
const withControl = { z: state.undo, y: state.redo, f: () => { byId('search').focus(); byId('search').select(); }, c: copyRows };

function nextPart(step) {
	const parts = [byId('tabs').querySelector('[aria-selected=true]'), byId('search'), byId('bar').querySelector('select'), byId('actions').querySelector('button'), currentGrid().element, byId('below').querySelector('.grid'), byId('drawer').querySelector('.panel')].filter((part) => part && part.offsetParent !== null);
	const at = parts.findIndex((part) => part === document.activeElement || (part.parentElement.contains(document.activeElement) && part.parentElement.id !== 'panes'));
	parts[(at + step + parts.length) % parts.length].focus();
}

function press(event) {
	if (event.defaultPrevented || byId('desk').hidden || !currentGrid()) return;
	const dialog = document.querySelector('dialog[open]');
	if (dialog) return;
	if (event.key === 'F6') nextPart(event.shiftKey ? -1 : 1);
	else if (event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code) && tabs[Number(event.code[5]) - 1]) {
		state.show(tabs[Number(event.code[5]) - 1].id);
		currentGrid().element.focus();
	} else if (types(event.target)) return;
	else if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() in withControl) {
		if (event.key === 'c' && String(getSelection()) !== '') return;
		withControl[event.key.toLowerCase()]();
	} else if (event.ctrlKey || event.metaKey || event.altKey) return;
	else if (event.key in plain) plain[event.key]();
	else {
		const action = actionsFor(selection().object).find((one) => one.key === event.key);
		if (!action) return;
		runAction(action);
	}
	event.preventDefault();
}

export function begin() {
	addEventListener('keydown', press);
	on('nobody', () => {});
}
