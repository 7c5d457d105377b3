// The stream of /live: opened when there is something to look at, again when it is lost, and what is looked at is told to the gateway.

const SEND_MS = 50;			// at most so often
const AGAIN_MS = [250, 500, 1000, 2000, 4000];
const SILENT_MS = 20000;	// heartbeats come every five seconds: this connection is dead

export class Stream {
	constructor(to) {
		this.to = to;
		this.wanted = new Map();	// name -> spec
		this.dirty = new Set();		// names of which the gateway does not know the newest
		this.id = null;
		this.source = null;
		this.sending = false;
		this.opening = false;
		this.timer = 0;
		this.tries = 0;
		this.heard = null;			// performance.now() of the last message
		this.last = { lag: null, stale: null, t: null };
		this.problem = null;
		setInterval(() => this.tick(), 1000);
	}

	// spec null closes it.
	view(name, spec) {
		if (spec) this.wanted.set(name, spec);
		else this.wanted.delete(name);
		this.dirty.add(name);
		this.soon();
	}

	// Where a view is answered by itself; null: nowhere at present.
	address(name) {
		return this.id !== null && this.wanted.has(name) ? `/live/${this.id}/views/${name}` : null;
	}

	closeAll(prefix) {
		for (const name of [...this.wanted.keys()]) if (name.startsWith(prefix)) this.view(name, null);
	}

	// Somebody has logged in, or wants to try now.
	again() {
		this.tries = 0;
		if (!this.source) this.lose();
	}

	status() {
		return { silent: this.heard === null ? null : performance.now() - this.heard, open: this.source !== null, problem: this.problem, ...this.last };
	}

	tick() {
		if (this.source && this.heard !== null && performance.now() - this.heard > SILENT_MS) this.lose();
		this.to.status(this.status());
	}

	soon(milliseconds = SEND_MS) {
		if (this.timer === 0) this.timer = setTimeout(() => { this.timer = 0; this.send(); }, milliseconds);
	}

	lose() {
		this.source?.close();
		this.source = null;
		this.id = null;
		for (const name of this.wanted.keys()) this.dirty.add(name);
		this.soon(AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)]);
	}

	async post(path, body) {
		return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), credentials: 'same-origin', cache: 'no-store' });
	}

	async send() {
		if (this.sending || this.opening || this.dirty.size === 0) return;
		if (this.id === null) {
			if (this.wanted.size > 0) await this.open();
			return;
		}
		const names = [...this.dirty];
		const views = Object.fromEntries(names.map((name) => [name, this.wanted.get(name) ?? null]));
		this.dirty.clear();
		this.sending = true;
		try {
			await this.sent(names, views, await this.post(`/live/${this.id}/views`, { views }));
		} catch {
			for (const name of names) this.dirty.add(name);
			this.lose();
		} finally {
			this.sending = false;
			if (this.dirty.size > 0) this.soon();
		}
	}

	async sent(names, views, response) {
		if (response.ok) {
			await response.arrayBuffer();
			return;
		}
		const problem = await response.json().catch(() => ({ title: String(response.status) }));
		if (response.status === 401) this.nobody();
		else if (response.status === 404) this.lose();
		else if (response.status === 503 || response.status === 429) {
			for (const name of names) this.dirty.add(name);
			this.problem = problem.detail ?? problem.title;
		} else if (names.length === 1) {
			if (views[names[0]] && this.wanted.get(names[0]) === views[names[0]]) this.wanted.delete(names[0]);
			this.to.refused(names[0], views[names[0]]?.gen, problem);
		} else {
			// one of them was wrong, and nothing was done: each for itself
			for (const name of names) await this.sent([name], { [name]: views[name] }, await this.post(`/live/${this.id}/views`, { views: { [name]: views[name] } }));
		}
	}

	nobody() {
		this.source?.close();
		this.source = null;
		this.id = null;
		this.to.nobody();
	}

	async open() {
		this.opening = true;
		try {
			const response = await this.post('/live', {});
			const body = await response.json().catch(() => ({}));
			if (response.headers.get('Oms-Build')) this.to.build(response.headers.get('Oms-Build'));
			if (response.status === 401) {
				this.nobody();
				return;
			}
			if (!response.ok) throw new Error(body.detail ?? body.title ?? String(response.status));
			this.problem = null;
			this.id = body.id;
			this.read();
			for (const name of this.wanted.keys()) this.dirty.add(name);
		} catch (error) {
			this.problem = error instanceof TypeError ? 'The gateway cannot be reached' : error.message;
			this.soon(AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)]);
		} finally {
			this.opening = false;
			if (this.id !== null) this.soon(0);
			this.to.status(this.status());
		}
	}

	read() {
		const source = new EventSource(`/live/${this.id}`);
		this.source = source;
		this.heard = performance.now();
		source.onmessage = (event) => {
			if (source !== this.source) return;
			const message = JSON.parse(event.data);
			this.heard = performance.now();
			this.tries = 0;
			this.last = { lag: message.lag, stale: message.stale, t: message.t };
			this.to.data(message);
		};
		// a stream that ended may be known still (another connection) or not (another gateway): opened anew, it is right in both cases
		source.onerror = () => {
			if (source === this.source) this.lose();
			else source.close();
		};
	}
}
