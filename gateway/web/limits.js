// What a hand may mean and a finger may miss: limits of the user's own, kept in his browser, on unless he says otherwise. They ask once
// more; what is refused, the store refuses.

import { compare, isAway, isDecimal, multiply, shown } from './exact.js';
import { Field } from './fields.js';
import { el, openDialog } from './dom.js';

const KEY = 'oms.limits';
const DEFAULTS = { on: true, quantity: '100000', value: '10000000', away: '10', ask: false };
const NAMES = { quantity: 'Quantity above', value: 'Value above', away: 'Price away from the last by more than (percent)' };

export class Limits {
	constructor(user, storage = localStorage) {
		this.key = `${KEY}.${user}`;
		this.storage = storage;
		this.set = { ...DEFAULTS };
		try {
			const kept = JSON.parse(storage.getItem(this.key) ?? '{}');
			for (const name of Object.keys(NAMES)) if (isDecimal(kept[name]) || kept[name] === '') this.set[name] = kept[name];
			for (const name of ['on', 'ask']) if (typeof kept[name] === 'boolean') this.set[name] = kept[name];
		} catch {
			// what is kept is nobody's: the limits are those that all begin with
		}
	}

	save() { this.storage.setItem(this.key, JSON.stringify(this.set)); }

	// Sentences; none: nothing is beyond. values: of the ticket; state: of the row it is about.
	async check(values, state, desk) {
		if (!this.set.on) return [];
		const warnings = [];
		const lines = values.children ?? [values];
		const last = await this.last(values.symbol ?? state.symbol, lines, desk);
		for (const line of lines) {
			const quantity = line.orderQty ?? line.lastQty ?? line.quantity;
			const price = line.price ?? line.lastPx;
			const worth = price ?? last ?? state.price;
			if (isDecimal(quantity) && this.set.quantity !== '' && compare(quantity, this.set.quantity) > 0) warnings.push(`Quantity ${shown(quantity)} is above your ${shown(this.set.quantity)}.`);
			if (isDecimal(quantity) && isDecimal(worth) && this.set.value !== '' && compare(multiply(quantity, worth), this.set.value) > 0) {
				warnings.push(`Value ${shown(multiply(quantity, worth))} is above your ${shown(this.set.value)}.`);
			}
			if (isDecimal(price) && isDecimal(last) && this.set.away !== '' && isAway(price, last, this.set.away)) warnings.push(`Price ${shown(price)} is more than ${this.set.away} % from the last, ${shown(last)}.`);
		}
		return warnings;
	}

	// The newest fill of the symbol that the user sees.
	async last(symbol, lines, desk) {
		if (!symbol || !lines.some((line) => line.price !== undefined || line.lastPx !== undefined || line.orderQty !== undefined)) return null;
		const { status, body } = await desk.call('POST', '/queries/executions', { where: { symbol, status: ['VALIDATED', 'ALLOCATED'] }, orderBy: ['-createdAt'], limit: 1, select: ['lastPx'] });
		return status === 200 ? body[0]?.lastPx ?? null : null;
	}

	open() {
		const fields = Object.entries(NAMES).map(([name, label]) => new Field({ name, type: 'decimal', required: false }, null, this.set[name], label));
		const on = new Field({ name: 'on', type: 'boolean', required: false }, null, this.set.on, 'Ask once more beyond these');
		const ask = new Field({ name: 'ask', type: 'boolean', required: false }, null, this.set.ask, 'Ask before what needs no ticket (claim)');
		const form = el('form', { novalidate: true, onsubmit: (event) => {
			event.preventDefault();
			if (fields.some((field) => field.check() !== null)) return;
			for (const field of fields) this.set[field.name] = field.read() ?? '';
			this.set.on = on.read() === true;
			this.set.ask = ask.read() === true;
			this.save();
			close();
		} }, on.element, fields.map((field) => field.element), ask.element,
		el('menu', {}, el('button', { type: 'submit', class: 'main' }, 'Keep'), el('button', { type: 'button', onclick: () => close() }, 'Close')));
		const { dialog, close } = openDialog('Limits', form);
		dialog.classList.add('ticket');
		dialog.addEventListener('keydown', (event) => event.stopPropagation());
	}
}
