// What was taken and has not come back yet. A row is marked until the live stream shows it at the version that the command made of it: the
// answer to a command says that it is done, the screen says so when it shows it.

import { endPending, notice, setPending } from './desk.js';
import { LiveView } from './live.js';

const GIVE_UP_MS = 30000;
const WATCHED_MAX = 400;
const KINDS = {
	Order: ['orders', 'orderId'], Execution: ['executions', 'executionId'], QuoteRequest: ['quote_requests', 'quoteRequestId'], Quote: ['quotes', 'quoteId'],
};

export class Pending {
	constructor() {
		this.waits = new Map();
		this.views = new Map();
		this.timer = setInterval(() => this.expire(), 1000);
	}

	// The result of a command: its events name objects, and the versions that they have by it.
	add(result, label) {
		const events = (result.events ?? []).filter((event) => KINDS[event.aggregateType]);
		for (const event of events) {
			const version = Number(event.version);
			if ((this.waits.get(event.aggregateId)?.version ?? 0) >= version) continue;
			this.waits.set(event.aggregateId, { kind: event.aggregateType, version, label, since: performance.now() });
			setPending(event.aggregateId, `${label}…`, version);
		}
		notice(result.duplicate ? `${label}: it was done before` : `${label}: taken, waiting to see it`);
		this.watch();
	}

	// A view of just these rows: they may stand in no window.
	watch() {
		for (const [kind, [object, field]] of Object.entries(KINDS)) {
			const ids = [...this.waits].filter(([, wait]) => wait.kind === kind).map(([id]) => id).slice(0, WATCHED_MAX);
			if (ids.length > 0) {
				if (!this.views.has(kind)) this.views.set(kind, new LiveView(`pending-${object}`, (what, view) => this.see(view)));
				this.views.get(kind).ask({ object, where: { [field]: ids }, columns: [field], first: 0, count: ids.length });
			} else if (this.views.has(kind)) {
				this.views.get(kind).close();
				this.views.delete(kind);
			}
		}
	}

	see(view) {
		let seen = 0;
		for (const row of view.rows) {
			const wait = row && this.waits.get(row.id);
			if (!wait || Number(row.version) < wait.version) continue;
			this.end(row.id);
			seen++;
		}
		if (seen > 0 && this.waits.size === 0) this.watch();
	}

	end(id) {
		const { label } = this.waits.get(id);
		this.waits.delete(id);
		endPending(id);
		if (![...this.waits.values()].some((wait) => wait.label === label)) notice(`${label}: done`);
	}

	// What the user's rights do not show him never comes: that is not said to be done, it is said to be unseen.
	expire(now = performance.now()) {
		const late = [...this.waits].filter(([, wait]) => now - wait.since >= GIVE_UP_MS);
		for (const [id, { label }] of late) {
			this.waits.delete(id);
			endPending(id);
			notice(`${label}: taken, and not seen here: ${id}`, { kind: 'warn' });
		}
		if (late.length > 0) this.watch();
	}

	stop() {
		clearInterval(this.timer);
		for (const id of this.waits.keys()) endPending(id);
		this.waits.clear();
		this.watch();
	}
}
