// The grid by keyboard.

import { moveColumn, setColumns, sortBy } from './gridhead.js';
import { openTotals } from './totals.js';
import { openValues } from './values.js';

const moves = {
	ArrowDown: (grid) => 1, j: () => 1, ArrowUp: () => -1, k: () => -1, PageDown: (grid) => grid.visible - 1, PageUp: (grid) => 1 - grid.visible,
	Home: (grid) => -grid.view.total, End: (grid) => grid.view.total,
};

const column = (grid) => grid.columns[grid.choice.column] ?? grid.columns[0];

function focusFilter(grid, name = column(grid).field) {
	const input = grid.headBox.querySelector(`[data-filter="${CSS.escape(name)}"]:not([disabled])`) ?? grid.headBox.querySelector('input:not([disabled])');
	input?.focus();
	input?.select();
}

function sideways(grid, step, event) {
	const row = grid.choice.active();
	if (event.altKey && event.shiftKey) {
		const one = column(grid);
		one.width = Math.min(800, Math.max(30, one.width + 10 * step));
		setColumns(grid, grid.columns);
	} else if (event.altKey || event.ctrlKey) {
		const to = Math.min(Math.max(0, grid.choice.column + step), grid.columns.length - 1);
		moveColumn(grid, column(grid).field, to);
		grid.choice.column = to;
	} else if (row && grid.choice.column === 0 && grid.state.mode !== 'flat' && grid.toggle(row, step > 0)) return;
	else grid.choice.moveColumn(step);
}

const keys = {
	' ': (grid) => grid.choice.toggle(),
	Enter: (grid) => {
		const row = grid.choice.active();
		if (row && row.id === undefined) grid.toggle(row);
		else if (row) grid.open?.(row);
	},
	'/': (grid) => focusFilter(grid),
	s: (grid) => sortBy(grid, column(grid).field, false),
	S: (grid) => sortBy(grid, column(grid).field, true),
	v: (grid) => {
		const input = grid.headBox.querySelector(`[data-filter="${CSS.escape(column(grid).field)}"]`);
		if (column(grid).few && input) openValues(grid, column(grid), input);
	},
	T: (grid) => openTotals(grid),
	f: (grid) => grid.setFrozen(!grid.frozen),
	'+': (grid) => { const row = grid.choice.active(); if (row) grid.toggle(row, true); },
	'-': (grid) => { const row = grid.choice.active(); if (row) grid.toggle(row, false); },
};

export function gridKeys(grid) {
	grid.element.addEventListener('keydown', (event) => {
		if (event.target !== grid.element || event.metaKey) return;
		const plain = !event.ctrlKey && !event.altKey;
		if (event.ctrlKey && (event.key === 'Home' || event.key === 'End')) grid.choice.column = event.key === 'Home' ? 0 : grid.columns.length - 1;
		if (event.key in moves && !event.altKey && (plain || event.key === 'Home' || event.key === 'End')) grid.choice.go(grid.choice.index + moves[event.key](grid), { extend: event.shiftKey, reveal: event.ctrlKey });
		else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') sideways(grid, event.key === 'ArrowRight' ? 1 : -1, event);
		else if (plain && event.key in keys) keys[event.key](grid);
		else if (plain && event.key === 'Escape' && grid.choice.rows.size > 0) {
			grid.choice.rows.clear();
			grid.redraw();
			grid.choice.tell();
		} else return;
		event.preventDefault();
		event.stopPropagation();
	});
}
