// A grid of any number of rows: only those that are seen have elements, and only a window of them is here.
//
// `top` is the number of the first row that is seen. The scroll bar stands for it in proportion, as no browser makes an element of a million
// rows' height; wheel and keys move by rows. Rows that come in above do not move what is read: the window is anchored at a row's id.

import { makeSlot, fillRow, fillGroup, fillNothing } from './cells.js';
import { columnOf } from './columns.js';
import { carriedFields, on } from './desk.js';
import { el } from './dom.js';
import { makeHead } from './gridhead.js';
import { formatCell } from './format.js';
import { gridKeys } from './gridkeys.js';
import { Choice } from './choice.js';
import { LiveView, serverNow } from './live.js';
import { drawTotals } from './totals.js';

export const ROW = 22;
const HEIGHT_MAX = 8000000;		// pixels: below what browsers take
const WINDOW_MAX = 500;
const NEW_MS = 8000;
let grids = 0;

export class Grid {
	// { host, label, object, tab, change(changes), open(row), where }
	constructor(options) {
		Object.assign(this, options);
		this.name = `g${++grids}`;
		this.view = new LiveView(this.name, (what, view, problem) => this.heard(what, problem));
		this.top = 0;
		this.visible = 10;
		this.frozen = false;
		this.expanded = { tree: new Set(), group: new Map() };
		this.slots = [];
		this.shown = new Map();		// key -> row, as it was last drawn or known
		this.choice = new Choice(this);
		this.build();
		this.stop = [on('pending', () => this.redraw()), on('zone', () => this.redraw())];
	}

	build() {
		this.rowsBox = el('div', { role: 'rowgroup', class: 'rows' });
		this.footBox = el('div', { role: 'rowgroup', class: 'foot' });
		this.headBox = el('div', { role: 'rowgroup', class: 'head' });
		this.sheet = el('div', { role: 'none', class: 'sheet' }, this.headBox, this.rowsBox, this.footBox);
		this.element = el('div', { role: 'grid', class: 'grid', tabindex: '0', 'aria-label': this.label, 'aria-multiselectable': 'true', 'aria-readonly': 'true' }, this.sheet);
		this.emptyBox = el('p', { class: 'empty', hidden: true });
		this.host.append(this.element, this.emptyBox);
		this.element.addEventListener('scroll', () => this.scrolled(), { passive: true });
		this.element.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
		gridKeys(this);
		this.choice.listen();
		this.sizes = new ResizeObserver(() => this.resized());
		this.sizes.observe(this.element);
		this.clock = setInterval(() => { if (this.hasNew) this.redraw(); }, 1000);
	}

	destroy() {
		for (const stop of this.stop) stop();
		clearInterval(this.clock);
		this.sizes.disconnect();
		this.view.close();
		this.element.remove();
		this.emptyBox.remove();
	}

	// ---- what is looked at ----

	// state: as of state.js. again: the rows are others (a filter, an order), so it begins at the top.
	setState(state, again = true) {
		this.state = state;
		const pinned = state.columns.filter((column) => column.pinned);
		this.columns = [...pinned, ...state.columns.filter((column) => !column.pinned)].map((column) => ({ ...columnOf(this.object, column.field), ...column }));
		this.columns.forEach((column, i) => { column.lastPinned = i === pinned.length - 1; });
		this.layOut();
		makeHead(this);
		this.resized();
		if (again) this.begin();
		else this.ask();
	}

	// Other rows: from the top, and nothing is chosen.
	begin() {
		this.top = 0;
		this.setFrozen(false, true);
		this.shown.clear();
		this.choice.clear();
		this.starting = true;
		this.ask();
	}

	layOut() {
		let left = 0;
		this.sheet.style.setProperty('--cols', this.columns.map((column) => `${column.width}px`).join(' '));
		this.columns.forEach((column, i) => {
			this.sheet.style.setProperty(`--left-${i}`, `${left}px`);
			left += column.width;
		});
		this.width = left;
		this.sheet.style.width = `${left}px`;
		this.element.setAttribute('aria-colcount', String(this.columns.length));
		this.rowsBox.replaceChildren();
		this.slots = [];
	}

	fields() {
		return [...new Set([...this.columns.map((column) => column.field), ...carriedFields(this.object)])];
	}

	opened() {
		return this.state.mode === 'tree' ? [...this.expanded.tree] : [...this.expanded.group.values()];
	}

	// The whole look, without its window: also what is exported.
	spec() {
		const { filters, search, orderBy, mode, groupBy } = this.state;
		return {
			object: this.object, ...(this.where ? { where: this.where } : {}), filters, ...(search.trim() ? { search } : {}), orderBy, mode,
			...(mode === 'group' ? { groupBy } : {}), columns: this.fields(),
		};
	}

	ask(anchored = true) {
		if (!this.state) return;
		const pad = Math.min(this.visible, Math.floor((WINDOW_MAX - this.visible) / 2));
		const first = Math.max(0, this.top - pad);
		const row = this.rowAt(this.top);
		const spec = { ...this.spec(), first, count: Math.min(WINDOW_MAX, this.visible + 2 * pad), ...(this.frozen ? { frozen: true } : {}) };
		this.anchored = anchored && (this.top === 0 || row?.id !== undefined);
		if (this.top === 0) spec.anchor = { top: true };
		else if (this.anchored) spec.anchor = { id: row.id, offset: this.top - first };
		if (this.state.mode !== 'flat') spec.expand = this.opened();
		this.view.ask(spec);
	}

	heard(what, problem) {
		if (what === 'refused') {
			this.refused?.(problem);
			return;
		}
		this.problem = null;
		if (what === 'answer') this.starting = false;
		this.keep();
		this.redraw();
		this.told?.(this);
		// a place was jumped to: from here on it is a row that is looked at
		if (what === 'answer' && !this.anchored && this.top > 0) {
			clearTimeout(this.anchorTimer);
			this.anchorTimer = setTimeout(() => this.ask(), 200);
		}
	}

	rowAt(index) {
		return this.view.loaded ? this.view.rows[index - this.view.first] : undefined;
	}

	maxTop() {
		return Math.max(0, this.view.total - this.visible);
	}

	// What was read stays where it is: the first row seen that nothing happened to, else one that is still here.
	keep() {
		if (this.top > 0 && this.anchored) {
			const places = new Map(this.view.rows.map((row, i) => [row?.key, i]));
			const same = (i) => this.slots[i].row !== null && places.has(this.slots[i].row.key) && this.view.rows[places.get(this.slots[i].row.key)] === this.slots[i].row;
			const there = (i) => this.slots[i].row !== null && places.has(this.slots[i].row.key);
			const seen = [...this.slots.keys()];
			const at = seen.find(same) ?? seen.find(there);
			if (at !== undefined) this.top = this.view.first + places.get(this.slots[at].row.key) - at;
		}
		this.top = Math.min(Math.max(0, this.top), this.maxTop());
	}

	// ---- moving ----

	resized() {
		this.headHeight = this.headBox.offsetHeight;
		const visible = Math.max(1, Math.floor((this.element.clientHeight - this.headHeight - this.footBox.offsetHeight) / ROW));
		if (visible !== this.visible) {
			this.visible = visible;
			if (this.view.loaded) this.need();
		}
		this.redraw();
	}

	// Moves the first row that is seen; true where it moved.
	moveTo(top) {
		const next = Math.min(Math.max(0, top), this.maxTop());
		const moved = next !== this.top;
		this.top = next;
		this.movedAt = performance.now();
		this.redraw();
		if (moved) this.need();
		return moved;
	}

	// Asks for another window where this one ends too near; what stands for the look to the top too.
	need() {
		const { first, rows, total } = this.view;
		const edge = Math.floor(this.visible / 3);
		const above = this.top - first < edge && first > 0;
		const below = first + rows.length - (this.top + this.visible) < edge && first + rows.length < total;
		if (above || below || (this.top === 0) !== (this.view.spec?.anchor?.top === true)) this.ask();
		else if (this.top > 0 && this.frozen === false) {
			clearTimeout(this.anchorTimer);
			this.anchorTimer = setTimeout(() => this.ask(), 300);
		}
	}

	wheel(event) {
		if (event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
		event.preventDefault();
		this.rolled = (this.rolled ?? 0) + (event.deltaMode === 1 ? event.deltaY : event.deltaMode === 2 ? event.deltaY * this.visible : event.deltaY / ROW);
		const rows = Math.trunc(this.rolled);
		this.rolled -= rows;
		if (rows !== 0) this.moveTo(this.top + rows);
	}

	range() {
		return Math.max(0, this.sheet.offsetHeight - this.element.clientHeight);
	}

	scrolled() {
		if (Math.abs(this.element.scrollTop - (this.setTo ?? 0)) < 2) return;
		const range = this.range();
		this.setTo = this.element.scrollTop;
		this.moveTo(range > 0 ? Math.round((this.element.scrollTop / range) * this.maxTop()) : 0);
	}

	// ---- drawing ----

	redraw() {
		if (this.drawing) return;
		this.drawing = requestAnimationFrame(() => {
			this.drawing = 0;
			this.draw();
		});
	}

	makeSlots() {
		while (this.slots.length < this.visible + 1) {
			const slot = makeSlot(this.columns, `${this.name}-${this.slots.length}`);
			slot.element.style.transform = `translateY(${this.slots.length * ROW}px)`;
			this.rowsBox.append(slot.element);
			this.slots.push(slot);
		}
		while (this.slots.length > this.visible + 1) this.slots.pop().element.remove();
	}

	placeBar() {
		const height = Math.min(HEIGHT_MAX, this.view.total * ROW) + this.headHeight + this.footBox.offsetHeight;
		this.sheet.style.height = `${Math.max(height, this.element.clientHeight)}px`;
		this.rowsBox.style.top = `${this.headHeight}px`;
		this.footBox.style.top = `${this.element.clientHeight - this.footBox.offsetHeight}px`;
		const max = this.maxTop();
		const wanted = max > 0 ? Math.round((this.top / max) * this.range()) : 0;
		if (Math.abs(this.element.scrollTop - wanted) >= 1) this.element.scrollTop = wanted;
		this.setTo = this.element.scrollTop;
	}

	draw() {
		if (!this.state) return;
		drawTotals(this);
		this.top = Math.min(this.top, this.maxTop());
		this.makeSlots();
		this.placeBar();
		this.hasNew = false;
		const now = performance.now();
		const shown = new Map();
		for (let i = 0; i < this.slots.length; i++) this.drawSlot(this.slots[i], this.top + i, shown, now);
		for (const row of this.view.rows) if (row && !shown.has(row.key)) shown.set(row.key, row);
		this.shown = shown;
		this.element.setAttribute('aria-rowcount', String(this.view.total + 2));
		this.element.setAttribute('aria-busy', String(!this.view.loaded));
		this.emptyBox.hidden = !(this.view.loaded && this.view.total === 0) && !this.problem;
		if (!this.emptyBox.hidden) this.emptyBox.textContent = this.problem ?? (Object.keys(this.state.filters).length > 0 || this.state.search ? 'Nothing meets the filter. Esc clears it.' : 'Nothing here.');
		this.choice.drawn();
	}

	drawSlot(slot, index, shown, now) {
		const row = index < this.view.total ? this.rowAt(index) : undefined;
		const key = row?.key ?? null;
		if (slot.key !== key) {
			// where nothing was, nobody was about to click
			if (slot.key !== null) slot.changedAt = now;
			slot.key = key;
		}
		slot.row = row ?? null;
		slot.index = index;
		let look = 'r';
		if (!row) {
			fillNothing(slot);
			look += index < this.view.total && row === undefined ? ' waiting' : row === null ? ' gone' : ' none';
		} else if (row.key.startsWith('g ') && row.group !== undefined) {
			const column = columnOf(this.object, (this.state.groupBy ?? '').replace(/^-/, ''));
			fillGroup(slot, row, this.columns, this.isOpen(row), row.group === null ? '(none)' : formatCell(row.group, column?.type));
			look += ' group';
		} else {
			fillRow(slot, row, this.columns, { before: this.shown.get(row.key), mode: this.state.mode, open: this.isOpen(row), flashing: true });
			if (this.isNew(row)) look += ' new';
			if (row.cells.closed === true) look += ' closed';
		}
		if (row) shown.set(row.key, row);
		look += this.choice.look(row, index);
		if (slot.look !== look) slot.element.className = slot.look = look;
		this.describe(slot, row, index);
	}

	describe(slot, row, index) {
		const set = (name, value) => {
			if (value === null) slot.element.removeAttribute(name);
			else if (slot.element.getAttribute(name) !== value) slot.element.setAttribute(name, value);
		};
		const opens = row && (row.group !== undefined || (this.state.mode === 'tree' && Number(row.cells.childCount ?? 0) > 0));
		set('aria-rowindex', String(index + 3));
		set('aria-hidden', row ? null : 'true');
		set('aria-selected', row?.id === undefined ? null : String(this.choice.has(row.id)));
		set('aria-expanded', opens ? String(this.isOpen(row)) : null);
		set('aria-level', row && this.state.mode !== 'flat' && row.depth !== undefined ? String(row.depth + 1) : null);
	}

	isNew(row) {
		const young = row.cells.createdAt && serverNow() - Date.parse(row.cells.createdAt) < NEW_MS;
		this.hasNew ||= Boolean(young);
		return young;
	}

	// ---- trees, groups, freezing ----

	isOpen(row) {
		return row.group !== undefined ? this.expanded.group.has(row.key) : this.expanded.tree.has(row.id);
	}

	toggle(row, open = !this.isOpen(row)) {
		if (this.state.mode === 'flat' || open === this.isOpen(row)) return false;
		if (row.group !== undefined) {
			if (open) this.expanded.group.set(row.key, row.group);
			else this.expanded.group.delete(row.key);
		} else if (this.state.mode === 'tree' && Number(row.cells.childCount ?? 0) > 0) {
			if (open) this.expanded.tree.add(row.id);
			else this.expanded.tree.delete(row.id);
		} else return false;
		this.ask();
		this.redraw();
		return true;
	}

	setFrozen(frozen, quietly = false) {
		if (frozen === this.frozen) return;
		this.frozen = frozen;
		this.element.classList.toggle('frozen', frozen);
		if (!quietly) this.ask();
		this.told?.(this);
	}
}
