// What is looked at: for each tab its filters, order, mode and columns. It stands in the address, so a link is a view, and Back is undo.

import { emit } from './desk.js';
import { columnOf } from './columns.js';
import { beginning, tabOf, tabs } from './tabs.js';

const KEEP = 'oms.view.';
const views = new Map();
let current = tabs[0].id;
let depth = 0;

export const currentTab = () => tabOf(current);
export const viewOf = (id) => views.get(id);

// Short, and only what is not as it begins.
export function pack(id) {
	const view = views.get(id);
	const first = beginning(tabOf(id));
	const packed = {};
	if (Object.keys(view.filters).length > 0) packed.f = view.filters;
	if (view.search) packed.s = view.search;
	if (String(view.orderBy) !== String(first.orderBy)) packed.o = view.orderBy;
	if (view.mode !== 'flat') packed.m = view.mode;
	if (view.groupBy) packed.g = view.groupBy;
	if (JSON.stringify(view.columns) !== JSON.stringify(first.columns)) packed.c = view.columns.map(({ field, width, pinned }) => [field, width, pinned ? 1 : 0]);
	return packed;
}

// Whatever an address says, only what there is of it is taken.
export function unpack(id, packed) {
	const tab = tabOf(id);
	const view = beginning(tab);
	const known = (field) => typeof field === 'string' && columnOf(tab.object, field.replace(/^-/, '')) !== null;
	if (!packed || typeof packed !== 'object') return view;
	for (const [field, text] of Object.entries(packed.f ?? {})) if (known(field) && typeof text === 'string') view.filters[field] = text;
	if (typeof packed.s === 'string') view.search = packed.s;
	if (Array.isArray(packed.o)) view.orderBy = packed.o.filter(known);
	if (typeof packed.g === 'string' && known(packed.g)) view.groupBy = packed.g;
	if (packed.m === 'tree' && tab.object === 'orders') view.mode = 'tree';
	if (packed.m === 'group' && view.groupBy) view.mode = 'group';
	if (Array.isArray(packed.c)) {
		const columns = packed.c.filter((one) => Array.isArray(one) && known(one[0])).map(([field, width, pinned]) => ({ field, width: Math.min(800, Math.max(30, Math.round(Number(width)) || 80)), pinned: pinned === 1 }));
		if (columns.length > 0) view.columns = columns;
	}
	return view;
}

export function addressOf(id) {
	const packed = pack(id);
	return Object.keys(packed).length === 0 ? `#${id}` : `#${id}/${encodeURIComponent(JSON.stringify(packed))}`;
}

function readAddress() {
	const [id, ...rest] = location.hash.slice(1).split('/');
	if (!tabs.some((tab) => tab.id === id)) return;
	current = id;
	let packed = null;
	try {
		packed = rest.length > 0 ? JSON.parse(decodeURIComponent(rest.join('/'))) : null;
	} catch {
		packed = null;
	}
	views.set(id, unpack(id, packed));
}

function remember(id) {
	try {
		localStorage.setItem(KEEP + id, JSON.stringify(pack(id)));
	} catch {
		// a browser that keeps nothing: the address still says it
	}
}

function recall(id) {
	try {
		return JSON.parse(localStorage.getItem(KEEP + id));
	} catch {
		return null;
	}
}

function write(push) {
	const address = addressOf(current);
	if (push) history.pushState({ depth: ++depth }, '', address);
	else history.replaceState({ depth }, '', address);
	remember(current);
}

// change({ filters: {...} }): looks that can be undone are steps of the browser's history; how wide a column is, is none.
export function change(changes) {
	const step = Object.keys(changes).some((name) => name !== 'columns');
	views.set(current, { ...views.get(current), ...changes });
	write(step);
	emit('view', { tab: current, changes });
}

export function show(id) {
	if (id === current) return;
	current = id;
	write(true);
	emit('view', { tab: current, changes: null });
}

export const undo = () => { if (depth > 0) history.back(); };
export const redo = () => history.forward();

// A named layout, or a link's.
export function apply(id, packed) {
	current = tabOf(id).id;
	views.set(current, unpack(current, packed));
	write(true);
	emit('view', { tab: current, changes: null });
}

export function begin() {
	for (const tab of tabs) views.set(tab.id, unpack(tab.id, recall(tab.id)));
	readAddress();
	depth = history.state?.depth ?? 0;
	write(false);
	addEventListener('popstate', (event) => {
		depth = event.state?.depth ?? 0;
		readAddress();
		remember(current);
		emit('view', { tab: current, changes: null });
	});
}
