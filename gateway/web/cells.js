// A row of the grid: its elements, and how they take a row's values.

import { pendingOf } from './desk.js';
import { el, setText } from './dom.js';
import { addDecimals, compareDecimals, formatCell, formatFull } from './format.js';

const quiet = matchMedia('(prefers-reduced-motion: reduce)');

// What a value says about its cell, for the colours: only words that we know become classes.
const words = new Set(['BUY', 'SELL', 'SELL_SHORT', 'SELL_SHORT_EXEMPT', 'NEW', 'PENDING_NEW', 'PARTIALLY_FILLED', 'FILLED', 'CANCELLED', 'REJECTED', 'EXPIRED', 'REVIEW', 'VALIDATED', 'ALLOCATED', 'CORRECTED', 'BUSTED', 'QUEUED', 'CLAIMED',
	'RELEASED', 'COMPLETED', 'ACTIVE', 'QUOTED', 'ACCEPTED', 'DECLINED', 'PENDING_CANCEL', 'PENDING_REPLACE', 'DONE_FOR_DAY', 'STOPPED', 'SUSPENDED', 'ZERO']);

// columns: [{ field, type, ... }]. prefix: of the ids of cells, which a screen reader is led by.
export function makeSlot(columns, prefix) {
	const cells = columns.map((column, i) => {
		const text = document.createTextNode('');
		const cell = el('span', { role: 'gridcell', class: `c ${column.type}`, id: `${prefix}-${i}`, 'aria-colindex': i + 1, 'data-field': column.field }, text);
		if (column.pinned) pin(cell, i, column);
		return { cell, text, word: null, key: null, title: null };
	});
	const element = el('div', { role: 'row', class: 'r' }, cells.map(({ cell }) => cell));
	return { element, cells, key: null, row: null, changedAt: 0, look: '' };
}

export function pin(element, i, column) {
	element.classList.add('pinned');
	element.style.left = `var(--left-${i})`;
	if (column.lastPinned) element.classList.add('edge');
}

function flash(cell, before, now, type) {
	if (quiet.matches) return;
	let colour = '--flash';
	if (type === 'number' && typeof before === 'string' && typeof now === 'string') colour = compareDecimals(now, before) > 0 ? '--flash-up' : '--flash-down';
	cell.animate([{ backgroundColor: `var(${colour})` }, { backgroundColor: 'transparent' }], { duration: 1200, easing: 'ease-out' });
}

function setWord(part, value) {
	const word = typeof value === 'string' && words.has(value) ? value : null;
	if (word === part.word) return;
	if (part.word) part.cell.classList.remove(`w-${part.word}`);
	if (word) part.cell.classList.add(`w-${word}`);
	part.word = word;
}

function setTitle(part, title) {
	if (part.title === title) return;
	part.title = title;
	if (title === '') part.cell.removeAttribute('title');
	else part.cell.title = title;
}

// What stands in a cell when its row is pointed at: times in full, texts that may be cut.
function titleOf(value, column, text) {
	if (value === null || value === undefined || value === '') return '';
	if (column.type === 'time') return `${formatFull(value)}\n${value}`;
	if (Array.isArray(value) && value.every((one) => typeof one === 'object')) return value.map((one) => Object.entries(one).map(([name, said]) => `${name}: ${typeof said === 'string' ? said : JSON.stringify(said)}`).join('\n')).join('\n\n');
	return text.length * 6 > column.width ? text : '';
}

// One that is indented in a tree says by its depth and sign whether anything is below it.
function lead(row, mode, open) {
	if (mode === 'flat') return '';
	if (mode === 'group') return '    ';
	const sign = row.cells.childCount && row.cells.childCount !== '0' ? (open ? '▾ ' : '▸ ') : '   ';
	return '    '.repeat(row.depth) + sign;
}

export function fillRow(slot, row, columns, { before, mode, open, flashing }) {
	const waits = pendingOf(row.id);
	columns.forEach((column, i) => {
		const part = slot.cells[i];
		const value = row.cells[column.field];
		let text = formatCell(value, column.show);
		if (i === 0) text = lead(row, mode, open) + text + (waits ? `  … ${waits.text}` : '');
		setText(part.text, text);
		setWord(part, column.type === 'name' ? value : column.type === 'number' && value === '0' ? 'ZERO' : null);
		setTitle(part, titleOf(value, column, text));
		if (before && flashing && before !== row && JSON.stringify(before.cells[column.field]) !== JSON.stringify(value)) flash(part.cell, before.cells[column.field], value, column.type);
		else if (part.key !== row.key) for (const animation of part.cell.getAnimations?.() ?? []) animation.cancel();
		part.key = row.key;
	});
}

// Quantities of several currencies can be added; what is money cannot.
const money = new Set(['executedValue', 'cashOrderQty', 'commission']);

function subtotal(sums, column) {
	const values = sums.map((sum) => sum[column.field]).filter((value) => value !== undefined && value !== null);
	if (column.field === 'currency') return sums.length === 1 ? sums[0].currency ?? '' : `${sums.length} ccy`;
	if (column.type !== 'number' || values.length === 0) return '';
	if (values.length === 1) return formatCell(values[0], column.show);
	return money.has(column.field) ? '…' : formatCell(addDecimals(values), column.show);
}

// A line that stands for a group, with its subtotals; each currency's are told where it is pointed at.
export function fillGroup(slot, row, columns, open, label) {
	const sums = row.sums ?? [];
	columns.forEach((column, i) => {
		const part = slot.cells[i];
		setText(part.text, i === 0 ? `${open ? '▾' : '▸'} ${label} (${row.count})` : subtotal(sums, column));
		setWord(part, null);
		setTitle(part, i > 0 && column.type === 'number' && sums.length > 1 ? sums.filter((sum) => sum[column.field] !== undefined && sum[column.field] !== null).map((sum) => `${sum.currency ?? 'no currency'} ${formatCell(sum[column.field], column.show)}`).join('\n') : '');
		part.key = row.key;
	});
}

export function fillNothing(slot) {
	for (const part of slot.cells) {
		setText(part.text, '');
		setWord(part, null);
		setTitle(part, '');
		part.key = null;
	}
}
