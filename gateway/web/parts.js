// Several lines in a ticket: the children of a placement, the shares of an allocation.

import { add, isDecimal, shown, subtract } from './exact.js';
import { el } from './dom.js';

export class Lines {
	// columns: [{ name, label, type }]; total: { of: column, against: text, needed: whether a line without it is none } or null.
	constructor(name, label, columns, lines, total) {
		this.name = name;
		this.columns = columns;
		this.total = total;
		this.kept = new Map();
		this.body = el('tbody');
		this.sum = el('p', { class: 'sum', role: 'status' });
		this.element = el('fieldset', { class: 'lines' }, el('legend', {}, label),
			el('table', {}, el('thead', {}, el('tr', {}, columns.map((column) => el('th', { scope: 'col' }, column.label)), el('th', {}, ''))), this.body),
			this.sum, el('button', { type: 'button', class: 'small', onclick: () => this.add({}, true) }, 'Add a line'));
		this.element.addEventListener('input', () => this.count());
		this.set(lines);
	}

	set(lines) {
		this.body.replaceChildren();
		this.kept.clear();
		for (const line of lines.length > 0 ? lines : [{}]) this.add(line, false);
		this.count();
	}

	// What a line has beside its columns goes with it: a proposal says more than is typed.
	add(line, focus) {
		const at = this.body.childElementCount + 1;
		const row = el('tr', {}, this.columns.map((column) => el('td', {}, el('input', {
			type: 'text', name: column.name, 'aria-label': `${column.label}, line ${at}`, inputmode: column.type === 'number' ? 'decimal' : null,
			class: column.type === 'number' ? 'number' : null, autocomplete: 'off', spellcheck: 'false', value: line[column.name] ?? '',
		}))), el('td', {}, el('button', { type: 'button', class: 'small', 'aria-label': `Remove line ${at}`, onclick: () => this.remove(row) }, '×')));
		this.kept.set(row, line);
		this.body.append(row);
		this.count();
		if (focus) row.querySelector('input').focus();
	}

	remove(row) {
		this.kept.delete(row);
		row.remove();
		this.count();
		(this.body.querySelector('input') ?? this.element.querySelector('button:last-child')).focus();
	}

	values() {
		return [...this.body.rows].map((row) => {
			const line = { ...this.kept.get(row) };
			for (const input of row.querySelectorAll('input')) {
				const text = input.value.trim();
				if (text === '') delete line[input.name];
				else line[input.name] = text;
			}
			return line;
		}).filter((line) => Object.keys(line).length > 0 && (!this.total?.needed || line[this.total.of] !== undefined));
	}

	count() {
		if (!this.total) return;
		const values = this.values().map((line) => line[this.total.of]).filter(isDecimal);
		const sum = values.reduce(add, '0');
		const left = isDecimal(this.total.against) ? subtract(this.total.against, sum) : null;
		this.sum.textContent = `together ${shown(sum)}${left === null ? '' : `, left ${shown(left)} of ${shown(this.total.against)}`}`;
	}

	read() {
		const lines = this.values();
		return lines.length > 0 ? lines : undefined;
	}

	check() {
		const numbers = this.columns.filter((column) => column.type === 'number').map((column) => column.name);
		const bad = this.values().findIndex((line) => numbers.some((name) => line[name] !== undefined && !isDecimal(line[name])));
		return bad < 0 ? null : `line ${bad + 1} has what is no number`;
	}
}
