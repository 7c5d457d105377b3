// One engine for all tickets: it shows what it is about, asks the store what would come of it, sends it, and stays until the store has said yes.
//
// A ticket has one commandId for its life, so whatever is sent of it is booked once: a click said twice, an answer that was lost, a
// server that came back. What is refused stays here with what the store said of it.

import { newKey } from './api.js';
import { el, openDialog } from './dom.js';
import { shown } from './exact.js';
import { Field } from './fields.js';
import { Lines } from './parts.js';
import { pairs, table, valueText } from './shapes.js';
import { pathOf } from './tickets.js';

const SHOWN_STATE = ['status', 'orderQty', 'price', 'executedQuantity', 'leavesQuantity', 'unplacedQuantity', 'allocatedQuantity', 'lastQty', 'lastPx', 'avgPx', 'deskStatus', 'deskUser', 'flags'];
const LINES = {
	children: ['Children', [{ name: 'clOrdID', label: 'ClOrdID' }, { name: 'orderQty', label: 'Quantity', type: 'number' }, { name: 'price', label: 'Price', type: 'number' }, { name: 'destination', label: 'Destination' }], 'orderQty'],
	allocations: ['Allocations', [{ name: 'orderId', label: 'Order' }, { name: 'quantity', label: 'Quantity', type: 'number' }], 'quantity'],
};

export class Ticket {
	// rows: [{ id, version, state }] as they were on the screen; version null: it was not shown.
	constructor(hands, def, rows) {
		this.hands = hands;
		this.def = def;
		this.rows = rows;
		this.commandId = newKey();
		this.warned = new Set();
		this.busy = false;
		this.lost = false;	// sent, and nobody knows what became of it
		this.fields = this.makeFields();
		this.lines = this.makeLines();
		this.head = el('div', { class: 'about' });
		this.before = el('div', { class: 'preview', role: 'status' });
		this.answer = el('div', { class: 'answer', role: 'alert' });
		this.send = el('button', { type: 'submit', class: 'main', 'aria-keyshortcuts': 'Control+Enter' }, rows.length > 1 ? `${def.label} ${rows.length}` : def.label);
		this.preview = el('button', { type: 'button', onclick: () => this.ask() }, 'Preview');
		this.form = el('form', { novalidate: true, onsubmit: (event) => {
			event.preventDefault();
			this.submit();
		} }, this.head, this.fields.map((field) => field.element), this.lines?.element, this.before, this.answer,
		el('menu', {}, this.send, this.isForeseen() ? this.preview : null, el('button', { type: 'button', onclick: () => this.close() }, 'Close')));
		// what was looked at is no more what is typed
		this.form.addEventListener('input', () => {
			this.before.replaceChildren();
			this.warned.clear();
		});
	}

	get row() { return this.rows[0]; }

	// A command can be previewed, and a service that is one with more behind it.
	isForeseen() {
		return this.rows.length <= 1 && !(this.def.service && this.hands.catalogue.services[this.def.service]?.arguments);
	}

	makeFields() {
		const known = new Map(this.hands.machine.fields(this.def.command, this.def.service).map((field) => [field.name, field]));
		const state = this.rows.length === 1 ? this.row.state : {};
		return this.def.fields.filter(([name]) => known.has(name)).map(([name, options = {}]) => {
			const [object, of] = (options.names ?? '').split('.');
			const names = options.choices ?? (options.names ? this.hands.machine.names(object, of) : null);
			return new Field(known.get(name), names, options.from ? state[options.from] ?? '' : options.value, options.label);
		});
	}

	makeLines() {
		if (!this.def.lines) return null;
		const [label, columns, of] = LINES[this.def.lines];
		const state = this.row?.state ?? {};
		const members = this.def.lines === 'allocations' && Array.isArray(state.members) ? state.members.map((member) => ({ orderId: member.orderId })) : [];
		const against = this.def.lines === 'children' ? state.unplacedQuantity : null;
		return new Lines(this.def.lines, label, columns, members, { of, against, needed: this.def.lines === 'allocations' });
	}

	async open() {
		this.show();
		const first = this.fields.find((field) => field.name === this.def.focus) ?? this.fields[0];
		(first?.input ?? this.lines?.element.querySelector('input') ?? this.send).focus();
		this.showAbout();
		// the stream is behind: what is sent is about what was chosen, and would be refused
		const now = this.row?.state.version;
		if (this.rows.length === 1 && now !== undefined && String(now) !== String(this.row.version)) {
			this.answer.replaceChildren(el('p', { class: 'warning' }, `You chose version ${this.row.version}; it is version ${now} by now, and is shown so here.`));
		}
		if (this.def.lines === 'children') await this.propose();
	}

	// Also again, after it was put away: with all that is typed, and its commandId.
	show() {
		const { dialog, close } = openDialog(this.def.label, this.form);
		let given = false;
		this.dialog = dialog;
		this.close = () => {
			given = true;
			close();
		};
		// Escape is hit too easily for what may have been done: a new ticket would do it once more
		dialog.addEventListener('close', () => { if (!given && (this.busy || this.lost)) this.show(); });
		dialog.classList.add('ticket');
		dialog.dataset.ticket = this.def.id;
		dialog.addEventListener('keydown', (event) => this.onKey(event));
	}

	get isOpen() { return this.dialog?.open === true; }

	onKey(event) {
		event.stopPropagation();
		if (event.key !== 'Enter' || (!event.ctrlKey && event.target.tagName === 'BUTTON')) return;
		// alone it sends nothing: it is hit too easily
		event.preventDefault();
		// a key that is held says nothing twice
		if (event.ctrlKey && !event.repeat) this.submit();
	}

	showAbout() {
		if (this.rows.length > 1) this.head.replaceChildren(el('p', {}, `${this.rows.length} rows, a command for each`));
		else if (this.row) {
			const { id, version, state } = this.row;
			this.head.replaceChildren(pairs([[this.def.about, id], ['version', version], ...['status', 'side', 'orderQty', 'lastQty', 'symbol', 'price', 'lastPx', 'account', 'executedQuantity', 'unplacedQuantity', 'deskUser']
				.map((name) => [name, shown(state[name])])]));
			this.head.append(...(state.reviewReasons ? [el('p', { class: 'reasons' }, JSON.stringify(state.reviewReasons))] : []));
		}
	}

	// What the policy would make of it; what is typed meanwhile stays.
	async propose() {
		const { status, body } = await this.hands.call('GET', `/queries/orders/${encodeURIComponent(this.row.id)}/placement`);
		if (!this.dialog.isConnected) return;
		if (status === 200 && body?.children) {
			if (this.lines.read() === undefined) this.lines.set(body.children);
			this.before.replaceChildren(el('p', {}, `as policy ${body.policy} (version ${body.version}) would place it`));
		} else this.before.replaceChildren(el('p', {}, `no policy proposes anything: ${body?.error?.message ?? body?.detail ?? 'it has none'}`));
		this.lines.element.querySelector('input').focus();
	}

	optionsOf(field) { return this.def.fields.find(([name]) => name === field.name)[1] ?? {}; }

	// What it says, without the row; changed: of what was there before only what is different.
	values() {
		const values = {};
		for (const field of this.fields) {
			const value = field.read();
			const { from } = this.optionsOf(field);
			if (value === undefined || (this.def.changed && from && value === this.row.state[from])) continue;
			values[field.name] = value;
		}
		const lines = this.lines?.read();
		if (lines) values[this.def.lines] = lines;
		return values;
	}

	command(row, at) {
		const command = { ...(this.def.service ? {} : { commandType: this.def.command }), commandId: this.rows.length > 1 ? `${this.commandId}:${at + 1}` : this.commandId, ...this.values() };
		if (row) command[this.def.about] = row.id;
		if (row && row.version !== null && this.def.version !== false) command.expectedVersion = Number(row.version);
		return command;
	}

	// Only what must be there and what is no number: all else is the store's to say.
	check() {
		const problems = [...this.fields, ...(this.lines ? [this.lines] : [])].map((part) => part.check()).filter((problem) => problem !== null);
		if (problems.length === 0) return true;
		this.answer.replaceChildren(el('p', {}, problems.join('; ')));
		this.fields.find((field) => field.input.getAttribute('aria-invalid') === 'true')?.input.focus();
		return false;
	}

	path() { return `/commands/${pathOf(this.hands.catalogue.commands[this.def.command].object)}`; }

	async ask() {
		if (this.busy || !this.check()) return;
		this.answer.replaceChildren();
		const asked = { ...this.command(this.row, 0), commandType: this.def.command };
		// under an id of its own: it is not the command
		asked.commandId = newKey();
		const { status, body, lost } = await this.hands.call('POST', `${this.path()}/preview`, asked);
		const warnings = await this.hands.limits.check(this.values(), this.row?.state ?? {}, this.hands);
		this.before.replaceChildren(...warnings.map((warning) => el('p', { class: 'warning' }, warning)));
		if (status === 200) this.before.append(this.showResult(body));
		else this.showRefusal(body, lost);
	}

	showResult(result) {
		const objects = [result.state, ...(result.orders ?? []), ...(result.executions ?? [])].filter(Boolean);
		const seen = new Set();
		const rows = [];
		for (const state of objects) {
			const id = state.executionId ?? state.quoteId ?? state.quoteRequestId ?? state.orderId;
			if (seen.has(id)) continue;
			seen.add(id);
			rows.push([id, ...SHOWN_STATE.map((name) => (Array.isArray(state[name]) ? state[name].join(' ') : shown(state[name])))]);
		}
		const used = SHOWN_STATE.map((name, at) => at + 1).filter((at) => rows.some((cells) => cells[at] !== ''));
		return table(result.duplicate ? 'This was done before' : 'What it would come to', ['id', ...used.map((at) => SHOWN_STATE[at - 1])], rows.map((cells) => [cells[0], ...used.map((at) => cells[at])]));
	}

	showRefusal(body, lost) {
		const error = body?.error;
		this.answer.replaceChildren(el('p', { class: 'refused' }, lost ? 'No answer came, and nobody knows whether it was done. Send it again: it is booked once.' : error?.message ?? body?.detail ?? body?.title ?? 'refused'),
			...[error?.detail, error?.hint, error?.sqlstate ? `${error.sqlstate}${error.rule ? `, rule ${error.rule}` : ''}` : null].filter(Boolean).map((line) => el('p', {}, line)));
	}

	// Beyond the user's own limits it is asked once more, and sent the second time.
	async warns() {
		const warnings = await this.hands.limits.check(this.values(), this.row?.state ?? {}, this.hands);
		const fresh = warnings.filter((warning) => !this.warned.has(warning));
		if (fresh.length === 0) return false;
		warnings.forEach((warning) => this.warned.add(warning));
		this.before.replaceChildren(...warnings.map((warning) => el('p', { class: 'warning' }, warning)), el('p', {}, 'Send once more if it is meant so.'));
		return true;
	}

	async submit() {
		if (this.busy || !this.check()) return;
		const locked = this.hands.locked();
		if (locked) {
			this.answer.replaceChildren(el('p', { class: 'refused' }, locked));
			return;
		}
		// what was looked at is what is sent, whatever is typed meanwhile
		const commands = this.rows.length > 1 ? this.rows.map((row, at) => this.command(row, at)) : [this.command(this.row, 0)];
		this.setBusy(true);
		this.answer.replaceChildren();
		try {
			// asked whether it is within his limits, the store may have said that nobody is logged in
			if (await this.warns() || !this.isOpen) return;
			if (this.rows.length > 1) await this.sendAll(commands);
			else await this.sendOne(commands[0]);
		} finally {
			this.setBusy(false);
		}
	}

	setBusy(busy) {
		this.busy = busy;
		this.send.setAttribute('aria-disabled', String(busy));
		this.dialog.classList.toggle('busy', busy);
	}

	async sendOne(command) {
		const { status, body, lost } = this.def.service ? await this.hands.call('POST', `/services/${this.def.service}`, command) : await this.hands.call('POST', this.path(), command);
		if (status === 200) {
			this.hands.pending.add(body, this.def.label);
			this.close();
			return;
		}
		this.lost = lost;
		this.showRefusal(body, lost);
		if (body?.error?.sqlstate === 'OM006') await this.showNewer();
		this.send.focus();
	}

	// It has changed since it was looked at: how it is now is shown, and what is sent from now on is about that.
	async showNewer() {
		const [now] = await this.hands.states(this.def.object, [this.row.id]);
		if (!now) return;
		const before = this.row.state;
		const changed = Object.keys({ ...before, ...now.state }).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now.state[name]));
		this.row.state = now.state;
		this.row.version = now.version;
		// what nobody has typed over follows: else it would take the other's change back
		for (const field of this.fields) {
			const { from } = this.optionsOf(field);
			if (from && (field.read() ?? '') === (before[from] ?? '')) field.input.value = now.state[from] ?? '';
		}
		this.showAbout();
		this.answer.append(table(`It is version ${now.version} now`, ['field', 'you saw', 'it is'],
			changed.map((name) => [name, valueText(before[name]), valueText(now.state[name])])), el('p', {}, 'Look at it, and send again if it is still meant.'));
	}

	async sendAll(commands) {
		const { status, body, lost } = await this.hands.call('POST', '/commands?atomic=false', commands);
		this.lost = lost;
		if (status !== 200 || !Array.isArray(body)) {
			this.showRefusal(body, lost);
			return;
		}
		const refused = body.filter((result) => result.status === 'REJECTED').length;
		body.filter((result) => result.status !== 'REJECTED').forEach((result) => this.hands.pending.add(result, this.def.label));
		if (refused === 0) {
			this.close();
			return;
		}
		this.answer.replaceChildren(table(`${body.length - refused} taken, ${refused} refused`, [this.def.about, 'result', 'why'],
			body.map((result, at) => [this.rows[at].id, result.status === 'REJECTED' ? 'refused' : 'taken', result.error ? [result.error.message, result.error.detail].filter(Boolean).join('. ') : '']), { class: 'results' }));
		// those are done: what is sent again is the others
		this.rows = this.rows.filter((row, at) => body[at].status === 'REJECTED');
		this.commandId = newKey();
		this.send.replaceChildren(`${this.def.label} ${this.rows.length} again`);
	}
}
