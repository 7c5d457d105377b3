// One field of a command as an input: its type is the catalogue's, its names are the store's.

import { isDecimal } from './exact.js';
import { el } from './dom.js';

const DECIMALS = ['quantity', 'quantity above zero', 'quantity or zero', 'price', 'decimal', 'integer'];

let numbered = 0;

// "lastQty" is "Last qty" to the eye.
export function labelOf(name) {
	const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase().replace('cl ord id', 'ClOrdID').replace('exec id', 'ExecID').replace('dk reason', 'DK reason');
	return words.charAt(0).toUpperCase() + words.slice(1);
}

function inputOf(field, names, value, id) {
	const common = { id, name: field.name, autocomplete: 'off', spellcheck: 'false', 'aria-required': field.required ? 'true' : null, 'aria-describedby': `${id}-problem` };
	if (field.type === 'boolean') return el('input', { ...common, type: 'checkbox', checked: value === true });
	if (names && !field.type.includes('text')) {
		const choices = [...new Set(names)].map((name) => el('option', { value: name, selected: name === value }, name));
		return el('select', common, el('option', { value: '' }, field.required ? 'choose' : ''), choices);
	}
	if (names) return el('input', { ...common, type: 'text', list: `${id}-names`, value: value ?? '' });
	if (field.type === 'date') return el('input', { ...common, type: 'date', value: value ?? '' });
	if (DECIMALS.includes(field.type)) return el('input', { ...common, type: 'text', inputmode: 'decimal', class: 'number', value: value ?? '' });
	return el('input', { ...common, type: 'text', value: value ?? '', placeholder: field.type === 'time with zone' ? '2026-03-02T09:30:00Z' : null });
}

export class Field {
	// names: what it may be, or null.
	constructor(field, names, value, label) {
		const id = `field-${++numbered}`;
		this.field = field;
		this.name = field.name;
		this.input = inputOf(field, names, value, id);
		this.problem = el('span', { id: `${id}-problem`, class: 'problem' });
		this.element = el('p', { class: 'field' }, el('label', { for: id }, (label ?? labelOf(field.name)) + (field.required ? ' *' : '')), this.input, this.problem,
			names && field.type.includes('text') ? el('datalist', { id: `${id}-names` }, [...new Set(names)].map((name) => el('option', { value: name }))) : null);
	}

	// What goes into the command; undefined: nothing.
	read() {
		if (this.input.type === 'checkbox') return this.input.checked ? true : undefined;
		const text = this.input.value.trim();
		return text === '' ? undefined : text;
	}

	// A sentence, or null. What it means, the store says.
	check() {
		const value = this.read();
		const problem = value === undefined ? (this.field.required ? 'must be given' : null)
			: DECIMALS.includes(this.field.type) && !isDecimal(value) ? 'is no number: digits, with a point before decimals' : null;
		this.problem.textContent = problem ?? '';
		this.input.setAttribute('aria-invalid', problem ? 'true' : 'false');
		return problem ? `${labelOf(this.name)} ${problem}` : null;
	}
}
