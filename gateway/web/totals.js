// Sums of the whole view, not of what is seen: a line for each currency, below the columns that they are of.

import { el } from './dom.js';
import { divideDecimals, formatCell } from './format.js';

const LINES_MAX = 4;

// The average price is value by quantity, to six places.
function totalOf(sum, column) {
	if (column.field === 'avgPx' && sum.executedValue && sum.executedQuantity) return divideDecimals(sum.executedValue, sum.executedQuantity, 6);
	return sum[column.field];
}

function line(sum, columns, index, more) {
	return el('div', { role: 'row', class: 'r total', 'aria-rowindex': index }, columns.map((column, i) => {
		const value = totalOf(sum, column);
		let text = value === undefined || value === null ? '' : formatCell(value, column.show);
		if (i === 0) text = `Σ ${sum.currency ?? 'no currency'} (${sum.count})${more}`;
		const cell = el('span', { role: 'gridcell', class: `c ${i === 0 ? 'text' : column.type}`, title: text }, text);
		if (column.pinned) {
			cell.classList.add('pinned');
			cell.style.left = `var(--left-${i})`;
		}
		return cell;
	}));
}

export function openTotals(grid) {
	grid.totalsOpen = !grid.totalsOpen;
	grid.redraw();
}

export function drawTotals(grid) {
	const sums = grid.view.sums ?? [];
	const key = `${JSON.stringify(sums)} ${grid.columns.map(({ field, width, pinned }) => `${field}${width}${pinned}`)} ${grid.totalsOpen}`;
	if (grid.totalsKey === key) return;
	grid.totalsKey = key;
	const lines = grid.totalsOpen ? sums.length : Math.min(sums.length, LINES_MAX);
	const before = grid.footBox.offsetHeight;
	grid.footBox.replaceChildren(...sums.slice(0, lines).map((sum, i) => line(sum, grid.columns, grid.view.total + 3 + i, i === lines - 1 && sums.length > lines ? ` and ${sums.length - lines} currencies more (T)` : '')));
	if (lines < sums.length || grid.totalsOpen) grid.footBox.lastChild.addEventListener('click', () => openTotals(grid));
	if (grid.footBox.offsetHeight !== before) grid.resized();
}
