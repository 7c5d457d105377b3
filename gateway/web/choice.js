// The active cell, and the rows that are chosen: by the pointer or by keys, kept by id while rows move.

import { setSelection } from './desk.js';

const SAFE_MS = 300;	// a row that came under the pointer so lately is not what was meant

export class Choice {
	constructor(grid) {
		this.grid = grid;
		this.rows = new Map();	// id -> row, as last seen
		this.key = null;		// of the active row
		this.index = 0;			// where it was last
		this.column = 0;
		this.from = null;		// where a range begins
	}

	has(id) {
		return this.rows.has(id);
	}

	look(row, index) {
		return (row && this.rows.has(row.id) ? ' chosen' : '') + (index === this.index && (this.key === null || row?.key === this.key) && this.active() ? ' active' : '');
	}

	active() {
		const { grid } = this;
		const at = this.key === null ? -1 : grid.view.rows.findIndex((row) => row?.key === this.key);
		if (at >= 0) {
			this.index = grid.view.first + at;
			return grid.view.rows[at];
		}
		return null;
	}

	clear() {
		this.rows.clear();
		this.key = null;
		this.index = 0;
		this.from = null;
		this.tell();
	}

	// Makes a row the active one; it is scrolled to. extend: with all between.
	go(index, { extend = false, reveal = false } = {}) {
		const { grid } = this;
		const next = Math.min(Math.max(0, index), Math.max(0, grid.view.total - 1));
		if (extend && this.from === null) this.from = this.index;
		this.index = next;
		this.key = grid.rowAt(next)?.key ?? null;
		if (next < grid.top) grid.moveTo(next);
		else if (next >= grid.top + grid.visible) grid.moveTo(next - grid.visible + 1);
		if (extend) this.range(this.from, next);
		else this.from = null;
		if (reveal) this.reveal();
		grid.redraw();
		this.tell();
	}

	range(from, to) {
		this.rows.clear();
		for (let i = Math.min(from, to); i <= Math.max(from, to); i++) {
			const row = this.grid.rowAt(i);
			if (row?.id !== undefined) this.rows.set(row.id, row);
		}
	}

	toggle() {
		const row = this.active();
		if (row?.id === undefined) return;
		if (!this.rows.delete(row.id)) this.rows.set(row.id, row);
		this.grid.redraw();
		this.tell();
	}

	moveColumn(step) {
		this.column = Math.min(Math.max(0, this.column + step), this.grid.columns.length - 1);
		this.reveal();
		this.grid.redraw();
	}

	// The active cell is not left or right of what is seen.
	reveal() {
		const { element, columns } = this.grid;
		const pinned = columns.filter((column) => column.pinned).reduce((sum, column) => sum + column.width, 0);
		const left = columns.slice(0, this.column).reduce((sum, column) => sum + column.width, 0);
		if (this.column === 0) element.scrollLeft = 0;
		if (columns[this.column]?.pinned) return;
		if (left - pinned < element.scrollLeft) element.scrollLeft = left - pinned;
		else if (left + columns[this.column].width > element.scrollLeft + element.clientWidth) element.scrollLeft = left + columns[this.column].width - element.clientWidth;
	}

	// After the grid was drawn: rows that were chosen have their newest values and versions; the reader of the screen is led to the active cell.
	drawn() {
		const { grid } = this;
		let changed = false;
		for (const row of grid.view.rows)
			if (row?.id !== undefined && this.rows.has(row.id) && this.rows.get(row.id) !== row) {
				this.rows.set(row.id, row);
				changed = true;
			}
		if (this.key === null && !grid.starting && grid.rowAt(this.index)) this.key = grid.rowAt(this.index).key;
		const row = this.active();
		if (row !== this.told) changed = true;
		const slot = grid.slots.find((one) => one.row !== null && one.row === row);
		for (const old of grid.rowsBox.querySelectorAll('.cursor')) if (old !== slot?.cells[this.column]?.cell) old.classList.remove('cursor');
		if (slot && slot.cells[this.column]) {
			slot.cells[this.column].cell.classList.add('cursor');
			grid.element.setAttribute('aria-activedescendant', slot.cells[this.column].cell.id);
		} else grid.element.removeAttribute('aria-activedescendant');
		if (changed) this.tell();
	}

	tell() {
		const active = this.active();
		this.told = active;
		if (!this.grid.speaks) return;
		const rows = this.rows.size > 0 ? [...this.rows.values()] : active?.id !== undefined ? [active] : [];
		setSelection({ tab: this.grid.tab ?? '', object: this.grid.object, rows, active: active?.id !== undefined ? active : null });
	}

	// ---- the pointer ----

	slotOf(event) {
		const element = event.target.closest?.('.rows > .r');
		return this.grid.slots.find((slot) => slot.element === element);
	}

	listen() {
		const { grid } = this;
		grid.rowsBox.addEventListener('pointerdown', (event) => {
			const slot = this.slotOf(event);
			if (!slot || !slot.row || event.button !== 0) return;
			const now = performance.now();
			// what was moved by the hand is what the hand meant
			if (now - slot.changedAt < SAFE_MS && now - (grid.movedAt ?? 0) > SAFE_MS) return;
			const field = event.target.closest('.c')?.dataset.field;
			this.column = Math.max(0, grid.columns.findIndex((column) => column.field === field));
			if (event.ctrlKey || event.metaKey) {
				this.go(slot.index);
				this.toggle();
			} else {
				if (!event.shiftKey && !this.rows.has(slot.row.id)) this.rows.clear();
				this.go(slot.index, { extend: event.shiftKey });
			}
			if (this.column === 0 && event.offsetX < 18 + 14 * (slot.row.depth ?? 0)) grid.toggle(slot.row);
		});
		grid.rowsBox.addEventListener('dblclick', (event) => {
			const slot = this.slotOf(event);
			if (!slot?.row) return;
			if (slot.row.id === undefined) grid.toggle(slot.row);
			else grid.open?.(slot.row);
		});
	}
}
