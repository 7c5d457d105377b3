// What can be done with what is chosen: the table of tickets as actions of the page, each possible where the state machine, the user's
// rights, a claim and four eyes let it; else with the reason why not.

import { Refusal, request } from './api.js';
import { Alerts } from './alerts.js';
import { locked, notice, on, registerAction, registerFields } from './desk.js';
import { byId, el } from './dom.js';
import { Limits } from './limits.js';
import { Machine } from './machine.js';
import { registerPanels } from './panels.js';
import { Pending } from './pending.js';
import { Ticket } from './ticket.js';
import { CARRIED, IDS, NEEDED, TICKETS } from './tickets.js';

const STATES_MAX = 200;

// What tickets and panels need, filled when somebody has logged in.
const hands = { catalogue: null, machine: null, limits: null, pending: null, call, states, locked, reviewActions };
let opening = false;
let ticket = null;	// the newest
let away = null;	// { ticket, user }: put away while nobody is logged in
let alerts = null;

// { status, body, lost }: lost where nobody knows whether it was done.
async function call(method, path, body) {
	try {
		const answer = await request(method, path, { body });
		return { status: answer.status, body: answer.data, lost: false };
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		// what is neither the store's word nor the gateway's may be of a proxy that has given up waiting
		return { status: error.status, body: error.problem, lost: error.status === 0 || error.problem?.outcome === 'unknown' || (error.status >= 502 && !error.problem?.error?.sqlstate) };
	}
}

// The objects as they are now, in the order of their ids: [{ id, version, state }]. Those that are not there are left out.
async function states(object, ids) {
	const found = new Map();
	for (let at = 0; at < ids.length; at += STATES_MAX) {
		const some = ids.slice(at, at + STATES_MAX);
		const { status, body } = await call('POST', `/queries/${object.replaceAll('_', '-')}`, { where: { [IDS[object]]: some }, select: [...NEEDED[object], 'version'], limit: some.length });
		if (status === 200) for (const state of body) found.set(state[IDS[object]], state);
	}
	return ids.filter((id) => found.has(id)).map((id) => ({ id, version: found.get(id).version, state: found.get(id) }));
}

const kindOf = (object) => object.replace(/s$/, '');

// null, or why none of them can be. states: of all rows, as far as they are known.
function refused(def, rows, known) {
	if (!hands.machine) return 'who you are is not known yet';
	if (!hands.machine.may(def.command)) return `your role may not: it needs ${hands.catalogue.commands[def.command]?.role ?? 'another one'}`;
	if (def.service && !hands.catalogue.services[def.service]?.enabled) return `the service ${def.service} is switched off`;
	if (def.object === null) return null;
	if (rows.length > 1 && !def.many) return 'one row at a time';
	const reasons = known.map((state) => hands.machine.refuses(def.command, kindOf(def.object), state, def.service));
	return reasons.length > 0 && reasons.every((reason) => reason !== null) ? reasons[0] : null;
}

const isRow = (row) => row && row.id !== undefined && row.version !== undefined;

// The rows are those of this moment; what is sent of them carries the versions that were on the screen.
async function run(def, chosen) {
	if (opening || document.querySelector('dialog[open]')) return;
	opening = true;
	try {
		const rows = def.object === null ? [] : chosen.rows.filter(isRow);
		if (def.object !== null && rows.length === 0) {
			notice(`${def.label}: no row is chosen`, { kind: 'warn' });
			return;
		}
		const found = new Map((rows.length > 0 ? await states(def.object, rows.map((row) => row.id)) : []).map((one) => [one.id, one.state]));
		const why = refused(def, rows, [...found.values()]);
		if (why) {
			notice(`${def.label}: ${why}`, { kind: 'warn' });
			return;
		}
		ticket = new Ticket(hands, def, rows.map((row) => ({ id: row.id, version: row.version, state: found.get(row.id) ?? row.cells ?? {} })));
		await ticket.open();
		if (def.direct && !hands.limits.set.ask) await ticket.submit();
	} finally {
		opening = false;
	}
}

// Approve and reject beside a fill in review.
function reviewActions(row) {
	return TICKETS.filter((def) => def.id === 'approve' || def.id === 'reject').map((def) => {
		const why = refused(def, [row], []) ?? locked();
		return { label: `${def.label} (${def.key})`, why, run: () => (why ? notice(`${def.label}: ${why}`, { kind: 'warn' }) : run(def, { object: 'executions', rows: [row] })) };
	});
}

async function begin() {
	end();
	const { status, body } = await call('GET', '/catalogue');
	if (status !== 200) {
		notice(`What may be done is not known: ${body?.detail ?? body?.error?.message ?? status}`, { kind: 'error' });
		return;
	}
	hands.catalogue = body;
	hands.machine = new Machine(body);
	hands.limits = new Limits(body.user);
	hands.pending = new Pending();
	alerts = new Alerts(body.user);
	alerts.start();
	registerActions();
	if (away?.user === body.user) away.ticket.show();
	away = null;
}

// What is typed stays until its user is there again; for another one it is gone.
function end() {
	if (ticket?.isOpen) {
		away = { ticket, user: hands.catalogue?.user };
		ticket.close();
	}
	hands.pending?.stop();
	alerts?.stop();
	Object.assign(hands, { catalogue: null, machine: null, limits: null, pending: null });
	alerts = null;
}

function registerActions() {
	TICKETS.forEach((def, at) => registerAction({
		id: def.id, label: def.label, key: def.key, objects: def.object === null ? null : [def.object], rank: 10 + at, always: def.object === null, many: def.many === true,
		enabled(chosen) {
			const rows = chosen.rows.filter(isRow);
			if (def.object !== null && rows.length === 0) return 'no row is chosen';
			return refused(def, rows, rows.map((row) => row.cells)) ?? true;
		},
		run: (chosen) => run(def, chosen),
	}));
}

function showButtons() {
	if (byId('limits')) return;
	byId('settings').append(el('button', { type: 'button', id: 'limits', onclick: () => hands.limits?.open() }, 'Limits'), el('button', { type: 'button', id: 'alerts', onclick: () => alerts?.open() }, 'Alert me'));
}

for (const [object, names] of Object.entries(CARRIED)) registerFields(object, names);
registerActions();
registerPanels(hands);
on('logged-in', () => {
	showButtons();
	begin();
});
on('logged-out', end);
