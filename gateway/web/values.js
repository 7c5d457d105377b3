// The values of a column, with how often each comes under the other filters: chosen by a click, or by arrows and space.

import { el } from './dom.js';
import { formatCell } from './format.js';
import { LiveView } from './live.js';

const VALUES_MAX = 400;
let lists = 0;

// As the filter row reads it: between quotes everything is itself.
export const quote = (value) => (/^[A-Za-z0-9_. /]+$/.test(value) && !/^-|\.\./.test(value) && value.trim() === value ? value : `"${value.replaceAll('"', '""')}"`);

// What is chosen already, where the filter is a plain list.
function chosenOf(text) {
	const chosen = new Set();
	if (/^\s*[!<>]|\.\.|[*?]/.test(text.replace(/"(?:[^"]|"")*"/g, ''))) return chosen;
	for (const [, quoted, plain] of text.matchAll(/"((?:[^"]|"")*)"|([^,"]+)/g)) {
		const value = quoted !== undefined ? quoted.replaceAll('""', '"') : plain.trim() === '-' ? null : plain.trim();
		if (value !== '') chosen.add(value);
	}
	return chosen;
}

export function openValues(grid, column, input) {
	document.querySelector('.values')?.remove();
	const chosen = chosenOf(input.value);
	const list = el('div', { role: 'listbox', 'aria-multiselectable': 'true', 'aria-label': `Values of ${column.label}`, class: 'list', tabindex: '-1' });
	const box = el('div', { class: 'values' }, list);
	const { field } = column;
	const filters = { ...grid.state.filters };
	delete filters[field];
	const view = new LiveView(`l${++lists}`, (what) => { if (what !== 'refused') fill(); });
	let closed = false;

	const close = (focus) => {
		if (closed) return;
		closed = true;
		view.close();
		box.remove();
		removeEventListener('pointerdown', outside, true);
		if (focus) grid.element.focus();
	};
	const outside = (event) => { if (!box.contains(event.target)) close(false); };
	const choose = () => {
		const text = [...chosen].map((value) => (value === null ? '-' : quote(value))).join(',');
		const now = grid.headBox.querySelector(`[data-filter="${CSS.escape(field)}"]`);
		if (now) now.value = text;
		const next = { ...grid.state.filters };
		if (text === '') delete next[field];
		else next[field] = text;
		grid.change({ filters: next });
	};

	const toggle = (value) => {
		if (!chosen.delete(value)) chosen.add(value);
		choose();
		fill();
	};
	let active = 0;
	function fill() {
		const rows = view.rows.filter((row) => row?.group !== undefined);
		list.replaceChildren(...rows.map((row, i) => el('div', {
			role: 'option', id: `value-${i}`, class: i === active ? 'active' : null, 'aria-selected': String(chosen.has(row.group)), onclick: () => { active = i; toggle(row.group); },
		}, el('span', { class: 'tick', 'aria-hidden': 'true' }, chosen.has(row.group) ? '✓' : ''), el('span', { class: 'value' }, row.group === null ? '(empty)' : formatCell(row.group, column.type)), el('span', { class: 'count' }, String(row.count)))));
		if (rows.length === 0) list.append(el('div', { class: 'none' }, view.loaded ? 'No values' : '…'));
		list.setAttribute('aria-activedescendant', `value-${active}`);
		list.children[active]?.scrollIntoView({ block: 'nearest' });
	}

	box.addEventListener('keydown', (event) => {
		const rows = view.rows.filter((row) => row?.group !== undefined);
		const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -rows.length, End: rows.length };
		if (event.key in moves) active = Math.min(rows.length - 1, Math.max(0, active + moves[event.key]));
		else if ((event.key === ' ' || event.key === 'Enter') && rows[active]) toggle(rows[active].group);
		if (event.key === 'Escape' || event.key === 'Enter' || event.key === 'Tab') close(true);
		else fill();
		event.preventDefault();
		event.stopPropagation();
	});
	const place = input.getBoundingClientRect();
	box.style.left = `${Math.max(0, Math.min(place.left, innerWidth - 260))}px`;
	box.style.top = `${place.bottom}px`;
	document.body.append(box);
	addEventListener('pointerdown', outside, true);
	fill();
	list.focus();
	view.ask({ ...grid.spec(), filters, orderBy: [], mode: 'group', groupBy: field, columns: [], first: 0, count: VALUES_MAX });
}
