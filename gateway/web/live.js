// The tab's side of the stream: views of it, each a window of rows that is as the gateway has it.

import { emit, setLocked } from './desk.js';

const OWN = Math.random().toString(36).slice(2);
const AMBER_MS = 12000;
const RED_MS = 20000;

let port = null;
const views = new Map();
export const build = document.documentElement.dataset.build;

// Addresses of scripts are built from our own address alone; Trusted Types want to hear who says so.
const policy = globalThis.trustedTypes?.createPolicy('oms', { createScriptURL: (url) => {
	if (new URL(url).origin !== location.origin) throw new TypeError('a script of elsewhere');
	return url;
} });

function scriptUrl(name) {
	const url = new URL(name, import.meta.url).href;
	return policy ? policy.createScriptURL(url) : url;
}

export function connect() {
	if (port) {
		port.postMessage({ op: 'again' });
		return;
	}
	if (globalThis.SharedWorker) port = new SharedWorker(scriptUrl('./worker.js'), { type: 'module', name: `oms ${build}` }).port;
	else port = new Worker(scriptUrl('./worker.js'), { type: 'module' });
	port.onmessage = (event) => take(event.data);
	if (navigator.locks) {
		const name = `oms tab ${OWN}`;
		navigator.locks.request(name, () => new Promise(() => {}));
		setTimeout(() => port.postMessage({ op: 'lock', name }), 500);
	}
	addEventListener('pagehide', (event) => { if (!event.persisted) port.postMessage({ op: 'bye' }); });
	for (const view of views.values()) view.send();
}

// The server's clock, for ages: a browser's may be wrong.
let ahead = 0;
export const serverNow = () => Date.now() + ahead;

function take(message) {
	if (message.op === 'data') {
		if (message.t) ahead = message.t - Date.now();
		for (const [name, data] of Object.entries(message.views)) views.get(name)?.take(data);
		look({ silent: 0, open: true, problem: null, lag: message.lag, stale: message.stale, t: message.t });
	} else if (message.op === 'status') look(message);
	else if (message.op === 'refused') views.get(message.name)?.refuse(message);
	else if (message.op === 'address') views.get(message.name)?.addressed?.(message.address);
	else if (message.op === 'nobody') emit('nobody', null);
	else if (message.op === 'build' && message.build !== build) emit('new-build', message.build);
}

// What the status line says, and whether anything may be done.
function look({ silent, open, problem, lag, stale, t }) {
	const since = stale ?? (silent !== null && silent > AMBER_MS ? serverNow() - silent : null);
	const quiet = Math.max(silent ?? 0, stale === null ? 0 : serverNow() - stale);
	let level = 'green';
	if (silent === null) level = problem ? 'red' : 'wait';
	else if (quiet > RED_MS) level = 'red';
	else if (quiet > AMBER_MS || stale !== null || !open) level = 'amber';
	emit('status', { level, lag, since, problem, open, t });
	setLocked(level === 'red' ? (problem ?? 'Nothing has come from the store for more than 20 seconds') : null);
}

// ---- a view ----

let gens = 0;

// on(what, view): 'rows' something in it is different; 'refused' { problem }.
export class LiveView {
	constructor(name, heard) {
		this.name = name;
		this.heard = heard;
		this.spec = null;
		this.reset();
		views.set(name, this);
	}

	reset() {
		this.rows = [];
		this.first = 0;
		this.total = 0;
		this.matches = 0;
		this.fresh = 0;
		this.sums = [];
		this.loaded = false;
	}

	// Another look; what stood there stays until the answer comes.
	ask(spec) {
		this.spec = { ...spec, gen: (gens = (gens % 4000000000) + 1) };
		this.send();
	}

	send() {
		if (port && this.spec) port.postMessage({ op: 'view', name: this.name, spec: this.spec });
	}

	close() {
		views.delete(this.name);
		this.spec = null;
		port?.postMessage({ op: 'close', name: this.name });
	}

	// Opens it, and where it is answered by itself: a path of the gateway.
	address(spec, ending) {
		this.ask(spec);
		return new Promise((resolve, reject) => {
			const heard = this.heard;
			this.heard = (what, view, problem) => {
				this.heard = heard;
				if (what === 'refused') reject(new Error(problem.detail ?? problem.title));
				else port.postMessage({ op: 'address', name: this.name });
			};
			this.addressed = (address) => (address ? resolve(address + ending) : reject(new Error('the stream is lost: try again')));
		});
	}

	refuse({ gen, problem }) {
		if (this.spec && gen === this.spec.gen) this.heard('refused', this, problem);
	}

	take(data) {
		if (!this.spec || data.gen !== this.spec.gen) return;
		const columns = this.spec.columns;
		const old = this.rows;
		const rows = this.answered === data.gen ? old.slice(0, data.count) : [];
		const first = this.answered !== data.gen;
		for (const [at, id, ...rest] of data.rows) {
			if (id === '=') rows[at] = old[rest[0]];
			else if (id === null) rows[at] = null;
			else if (typeof id === 'object') rows[at] = { group: id.group, count: id.count, sums: id.sums, key: `g ${id.group}` };
			else rows[at] = makeRow(id, rest, columns);
		}
		rows.length = data.count;
		this.answered = data.gen;
		this.rows = rows;
		this.first = data.first;
		this.total = data.total;
		this.matches = data.matches;
		this.fresh = data.new;
		if (data.sums) this.sums = data.sums;
		this.loaded = true;
		this.heard(first ? 'answer' : 'rows', this);
	}
}

function makeRow(id, [version, cells, depth], columns) {
	const row = { id, key: id, version, depth, cells: {} };
	for (let i = 0; i < columns.length; i++) row.cells[columns[i]] = cells[i];
	return row;
}
