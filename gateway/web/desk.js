// What the modules of the page know of each other: actions, panels, the selection and events. doc/blotter.md has it in words.

const listeners = new Map();

// on('selection', f), on('open', f), ... returns how to stop.
export function on(event, listener) {
	if (!listeners.has(event)) listeners.set(event, new Set());
	listeners.get(event).add(listener);
	return () => listeners.get(event).delete(listener);
}

export function emit(event, detail) {
	for (const listener of listeners.get(event) ?? []) listener(detail);
}

// ---- actions ----

// { id, label, key, objects: ['orders'], rank, enabled(selection) -> true or why not, run(selection), always: not only where rows are chosen,
//   reads: it changes nothing, so it may be done while the screen is stale }
const actions = new Map();

export function registerAction(action) {
	actions.set(action.id, { rank: 100, objects: null, enabled: () => true, ...action });
	emit('actions', null);
}

export function actionsFor(object) {
	return [...actions.values()].filter((action) => action.objects === null || action.objects.includes(object)).sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}

// true, or the reason why not.
export function mayRun(action, chosen = selection()) {
	if (locked() && !action.reads) return 'What is on the screen is stale';
	if (!action.always && chosen.rows.length === 0) return 'No row is chosen';
	return action.enabled(chosen);
}

export function runAction(action) {
	const chosen = selection();
	const may = mayRun(action, chosen);
	if (may === true) action.run(chosen);
	else notice(`${action.label}: ${may || 'not possible here'}`, { kind: 'warn' });
	return may === true;
}

// ---- panels: what the drawer shows of a row ----

// { id, label, objects: ['orders'], rank, show(row, element, object) -> a function that ends it, or nothing }
const panels = new Map();

export function registerPanel(panel) {
	panels.set(panel.id, { rank: 100, objects: null, ...panel });
	emit('panels', null);
}

export function panelsFor(object) {
	return [...panels.values()].filter((panel) => panel.objects === null || panel.objects.includes(object)).sort((a, b) => a.rank - b.rank);
}

// ---- fields that rows bring along, whether they are shown or not ----

const carried = new Map();

export function registerFields(object, names) {
	carried.set(object, [...new Set([...(carried.get(object) ?? []), ...names])]);
}

export const carriedFields = (object) => carried.get(object) ?? [];

// ---- the selection: what is chosen, as it was last on the screen ----

let current = { tab: '', object: '', rows: [], active: null };

// { tab, object, rows: [{ id, version, cells: { field: value } }], active: a row or null }. Without chosen rows, rows has the active one.
export const selection = () => current;

export function setSelection(next) {
	current = next;
	emit('selection', current);
}

// ---- whether anything may be done ----

let reason = null;

// null, or why what is on the screen cannot be trusted.
export const locked = () => reason;

export function setLocked(why) {
	if (why === reason) return;
	reason = why;
	emit('locked', reason);
}

// ---- what was sent and is not back yet ----

// Row id -> { text, version }: shown in the row until the row has another version, or until it is done.
const pending = new Map();

export function setPending(id, text, version) {
	pending.set(id, { text, version });
	emit('pending', id);
}

export function endPending(id) {
	if (pending.delete(id)) emit('pending', id);
}

export const pendingOf = (id) => pending.get(id) ?? null;

// ---- notices ----

// notice('text', { kind: 'ok' | 'warn' | 'error', seconds, action: { label, run } })
export function notice(text, options = {}) {
	emit('notice', { kind: 'ok', seconds: options.kind === 'error' ? 0 : 8, ...options, text });
}

// ---- who is logged in ----

let me = null;

export const who = () => me;

export function setWho(next) {
	me = next;
	emit('who', me);
}
