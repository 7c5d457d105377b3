// The two lines above the rows: names of columns, by which one sorts, sizes and moves; and what is typed to filter.

import { pin } from './cells.js';
import { el, say } from './dom.js';
import { openValues } from './values.js';

const FILTER_MS = 250;
const HELP = '100  >100  10..20  NEW,FILLED  abc*  !x  - (empty)';

export function makeHead(grid) {
	const focused = document.activeElement?.dataset?.filter;
	const names = el('div', { role: 'row', class: 'r names', 'aria-rowindex': '1' }, grid.columns.map((column, i) => nameCell(grid, column, i)));
	const filters = el('div', { role: 'row', class: 'r filters', 'aria-rowindex': '2' }, grid.columns.map((column, i) => filterCell(grid, column, i)));
	grid.headBox.replaceChildren(names, filters);
	if (focused && grid.element.contains(document.activeElement) === false) grid.headBox.querySelector(`[data-filter="${CSS.escape(focused)}"]`)?.focus();
}

// ---- sorting ----

// The next order by a column: ascending, descending, none. add: behind those that there are.
export function sortBy(grid, field, add) {
	const orders = grid.state.orderBy;
	const at = orders.findIndex((one) => one.replace(/^-/, '') === field);
	const was = at < 0 ? '' : orders[at];
	const next = was === '' ? field : was === field ? `-${field}` : null;
	let orderBy;
	if (!add) orderBy = next === null ? [] : [next];
	else if (at < 0) orderBy = [...orders, next];
	else orderBy = next === null ? orders.filter((one, i) => i !== at) : orders.map((one, i) => (i === at ? next : one));
	grid.change({ orderBy });
	const column = grid.columns.find((one) => one.field === field);
	say(next === null ? `Not sorted by ${column?.label ?? field}` : `Sorted by ${column?.label ?? field}, ${next.startsWith('-') ? 'descending' : 'ascending'}`);
}

function nameCell(grid, column, i) {
	const orders = grid.state.orderBy;
	const at = orders.findIndex((one) => one.replace(/^-/, '') === column.field);
	const descends = at >= 0 && orders[at].startsWith('-');
	const sign = at < 0 ? '' : `${descends ? '▼' : '▲'}${orders.length > 1 ? at + 1 : ''}`;
	const cell = el('span', {
		role: 'columnheader', class: `c name-of ${column.type}`, 'aria-colindex': i + 1, 'data-field': column.field, title: `${column.label} (${column.field})`,
		'aria-sort': at < 0 ? 'none' : descends ? 'descending' : 'ascending',
	}, el('span', { class: 'label' }, column.label), el('span', { class: 'sort', 'aria-hidden': 'true' }, sign), el('span', { class: 'size', 'aria-hidden': 'true' }));
	if (column.pinned) pin(cell, i, column);
	cell.addEventListener('pointerdown', (event) => press(grid, column, cell, event));
	return cell;
}

// ---- with the pointer: a click sorts, the edge sizes, a drag moves ----

function press(grid, column, cell, event) {
	if (event.button !== 0) return;
	event.preventDefault();
	const sizes = event.target.classList.contains('size');
	const startX = event.clientX;
	const width = column.width;
	let moved = false;
	cell.setPointerCapture(event.pointerId);
	const move = (at) => {
		if (Math.abs(at.clientX - startX) > 4) moved = true;
		if (sizes) {
			column.width = Math.min(800, Math.max(30, width + at.clientX - startX));
			grid.sheet.style.setProperty('--cols', grid.columns.map((one) => `${one.width}px`).join(' '));
		} else if (moved) cell.classList.add('moving');
	};
	const up = (at) => {
		cell.removeEventListener('pointermove', move);
		cell.classList.remove('moving');
		if (sizes) setColumns(grid, grid.columns);
		else if (!moved) sortBy(grid, column.field, at.shiftKey || at.ctrlKey);
		else dropOn(grid, column, document.elementFromPoint(at.clientX, at.clientY)?.closest('.name-of')?.dataset.field);
	};
	cell.addEventListener('pointermove', move);
	cell.addEventListener('pointerup', up, { once: true });
	cell.addEventListener('pointercancel', () => cell.removeEventListener('pointermove', move), { once: true });
}

function dropOn(grid, column, target) {
	const to = grid.columns.findIndex((one) => one.field === target);
	if (to >= 0) moveColumn(grid, column.field, to);
}

export function setColumns(grid, columns) {
	grid.change({ columns: columns.map(({ field, width, pinned }) => ({ field, width, pinned: Boolean(pinned) })) });
}

export function moveColumn(grid, field, to) {
	const columns = [...grid.columns];
	const from = columns.findIndex((one) => one.field === field);
	const [column] = columns.splice(from, 1);
	columns.splice(to, 0, { ...column, pinned: to === 0 ? column.pinned : Boolean(columns[to - 1]?.pinned && columns[to]?.pinned) || (column.pinned && Boolean(columns[to - 1]?.pinned)) });
	setColumns(grid, columns);
}

// ---- filters ----

export function setFilter(grid, field, text) {
	const filters = { ...grid.state.filters };
	if (text.trim() === '') delete filters[field];
	else filters[field] = text;
	if (JSON.stringify(filters) !== JSON.stringify(grid.state.filters)) grid.change({ filters });
}

function filterCell(grid, column, i) {
	const value = grid.state.filters[column.field] ?? '';
	const input = el('input', {
		class: value ? 'on' : null, 'data-filter': column.field, 'aria-label': `Filter ${column.label}`, title: HELP, value, spellcheck: 'false', autocomplete: 'off',
		disabled: column.type === 'document', maxlength: '1000', tabindex: '-1',
	});
	let timer = 0;
	const send = () => {
		clearTimeout(timer);
		setFilter(grid, column.field, input.value);
	};
	input.addEventListener('input', () => {
		clearTimeout(timer);
		timer = setTimeout(send, FILTER_MS);
	});
	input.addEventListener('keydown', (event) => {
		if (event.key === 'Enter' || (event.key === 'ArrowDown' && !event.altKey)) {
			send();
			grid.element.focus();
		} else if (event.key === 'Escape') {
			input.value = '';
			send();
			grid.element.focus();
		} else if (event.key === 'ArrowDown' && column.few) {
			send();
			openValues(grid, column, input);
		} else return;
		event.preventDefault();
		event.stopPropagation();
	});
	const cell = el('span', { role: 'gridcell', class: 'c filter', 'aria-colindex': i + 1 }, input);
	if (column.few) cell.append(el('button', { type: 'button', class: 'list', tabindex: '-1', 'aria-label': `Values of ${column.label}`, onclick: () => openValues(grid, column, input) }, '▾'));
	if (column.pinned) pin(cell, i, column);
	return cell;
}

// The grid keeps what is typed while its head is made anew by an answer: only the marks are put right.
export function markFilters(grid) {
	for (const input of grid.headBox.querySelectorAll('input')) {
		const value = grid.state.filters[input.dataset.filter] ?? '';
		input.classList.toggle('on', value !== '');
		if (document.activeElement !== input && input.value !== value) input.value = value;
	}
}
