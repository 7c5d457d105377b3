// What the user is told wherever he looks: the review grows, an order is rejected, one that he has claimed is filled, something is pending too
// long. Each is the count of a live view without a window, so it is as right as the screen and costs PostgreSQL nothing. One tab watches,
// and tells the others: eight tabs ring once.

import { emit, notice } from './desk.js';
import { byId, el, openDialog } from './dom.js';
import { compare, isDecimal } from './exact.js';
import { LiveView, serverNow } from './live.js';

const DEFAULTS = { sound: false, notify: false, seconds: '30', review: true, rejects: true, fills: true, pending: true };
const PENDING = ['PENDING_NEW', 'PENDING_CANCEL', 'PENDING_REPLACE'];
const LABELS = { review: 'Review', rejects: 'Rejected', fills: 'My fills', pending: 'Pending too long' };
const LATE_MS = 10000;

export class Alerts {
	constructor(user) {
		this.user = user;
		this.key = `oms.alerts.${user}`;
		this.set = { ...DEFAULTS };
		try {
			const kept = JSON.parse(localStorage.getItem(this.key) ?? '{}');
			for (const name of Object.keys(DEFAULTS)) if (typeof kept[name] === typeof DEFAULTS[name]) this.set[name] = kept[name];
		} catch {
			// as all begin
		}
		this.counts = {};
		this.news = {};
		this.views = [];
		this.channel = new BroadcastChannel(`oms alerts ${user}`);
		// a tab that has just come asks how things stand; whoever watches tells it
		this.channel.onmessage = (event) => {
			if (!event.data.ask) this.hear(event.data);
			else if (this.began) this.channel.postMessage({ counts: this.counts, name: 'review', grew: 0 });
		};
		this.text = el('button', { type: 'button', id: 'alert-counts', class: 'quiet', 'aria-live': 'polite', title: 'Mark as seen', hidden: true, onclick: () => this.seen() });
		byId('status').append(this.text);
		document.addEventListener('visibilitychange', this.shown = () => { if (!document.hidden) setTimeout(() => this.seen(), 2000); });
	}

	// The tab that has the lock watches; when it goes, another one gets it.
	start() {
		this.channel.postMessage({ ask: true });
		if (!navigator.locks) {
			this.lead();
			return;
		}
		this.stopped = new AbortController();
		navigator.locks.request(`oms alerts ${this.user}`, { signal: this.stopped.signal }, () => new Promise((release) => {
			this.release = release;
			this.lead();
		})).catch(() => {});
	}

	lead() {
		this.began = new Date(serverNow()).toISOString();
		this.watch('review', { object: 'executions', where: { status: ['REVIEW'] }, columns: ['status'] });
		this.watch('rejects', { object: 'orders', where: { status: ['REJECTED'], updatedAt: { gte: this.began } }, columns: ['status'] });
		this.watch('fills', { object: 'orders', where: { deskUser: this.user }, columns: ['executedQuantity'] });
		this.late = this.watch('pending', this.lateSpec());
		this.timer = setInterval(() => this.late.ask(this.lateSpec()), LATE_MS);
	}

	stop() {
		this.stopped?.abort();
		this.release?.();
		clearInterval(this.timer);
		this.views.forEach((view) => view.close());
		this.channel.close();
		document.removeEventListener('visibilitychange', this.shown);
		this.text.remove();
		this.title('');
	}

	// What is pending since before so many seconds ago: the condition moves along.
	lateSpec() {
		return { object: 'orders', where: { status: PENDING, updatedAt: { lt: new Date(serverNow() - Number(this.set.seconds) * 1000).toISOString() } }, columns: ['status'], first: 0, count: 0 };
	}

	watch(name, spec) {
		const view = new LiveView(`alert-${name}`, (what, now) => { if (what !== 'refused') this.take(name, now); });
		view.ask({ first: 0, count: 0, ...spec });
		this.views.push(view);
		return view;
	}

	take(name, view) {
		const grew = name === 'fills' ? this.wasFilled(view) : this.counts[name] !== undefined && view.matches > this.counts[name] ? view.matches - this.counts[name] : 0;
		if (name !== 'fills') this.counts[name] = view.matches;
		else this.counts.fills = (this.counts.fills ?? 0) + grew;
		this.tell({ counts: this.counts, name, grew });
	}

	// Of the orders that he has claimed, as many as before: what is executed of them has grown.
	wasFilled(view) {
		const sums = new Map((view.sums ?? []).map((sum) => [sum.currency ?? '', sum.executedQuantity]));
		const grew = this.sums && this.mine === view.matches && [...sums].some(([currency, sum]) => isDecimal(sum) && compare(sum, this.sums.get(currency) ?? '0') > 0);
		this.sums = sums;
		this.mine = view.matches;
		return grew ? 1 : 0;
	}

	tell(news) {
		this.channel.postMessage(news);
		this.hear(news);
		if (news.grew > 0 && this.set[news.name]) this.ring(`${LABELS[news.name]}: ${news.grew} more`, news.name);
	}

	hear({ counts, name, grew }) {
		this.counts = { ...counts };
		if (grew > 0 && this.set[name]) {
			this.news[name] = (this.news[name] ?? 0) + grew;
			if (!document.hidden) notice(`${LABELS[name]}: ${grew} more`, { kind: 'warn' });
		}
		this.draw();
		emit('alerts', this.counts);
	}

	// Without what is in it: it may be shown on a locked screen.
	ring(text, name) {
		if (this.set.sound) this.beep();
		if (this.set.notify && globalThis.Notification?.permission === 'granted') new Notification('Desk', { body: text, tag: `oms-${name}` });
	}

	beep() {
		this.audio ??= new AudioContext();
		const tone = this.audio.createOscillator();
		const loud = this.audio.createGain();
		loud.gain.value = 0.08;
		tone.frequency.value = 880;
		tone.connect(loud).connect(this.audio.destination);
		tone.start();
		tone.stop(this.audio.currentTime + 0.15);
	}

	seen() {
		this.news = {};
		this.draw();
	}

	title(mark) { document.title = mark + document.title.replace(/^\(\d+\) /, ''); }

	draw() {
		const sum = Object.values(this.news).reduce((a, b) => a + b, 0);
		this.title(sum > 0 ? `(${sum}) ` : '');
		this.text.textContent = Object.keys(LABELS).filter((name) => this.set[name] && this.counts[name]).map((name) => `${LABELS[name]} ${this.counts[name]}`).join(' · ');
		this.text.hidden = this.text.textContent === '';
		this.text.classList.toggle('news', sum > 0);
	}

	async keep(form) {
		for (const input of form.querySelectorAll('input[type=checkbox]')) this.set[input.name] = input.checked;
		if (/^[1-9]\d{0,5}$/.test(form.elements.seconds.value.trim())) this.set.seconds = form.elements.seconds.value.trim();
		if (this.set.notify && globalThis.Notification?.permission === 'default') this.set.notify = (await Notification.requestPermission()) === 'granted';
		localStorage.setItem(this.key, JSON.stringify(this.set));
		if (this.set.sound) this.beep();
		this.late?.ask(this.lateSpec());
		this.seen();
	}

	open() {
		const box = (name, label) => el('p', { class: 'field' }, el('label', {}, el('input', { type: 'checkbox', name, checked: this.set[name] }), ` ${label}`));
		const form = el('form', { onsubmit: (event) => {
			event.preventDefault();
			this.keep(form);
			close();
		} }, Object.entries(LABELS).map(([name, label]) => box(name, label)),
		el('p', { class: 'field' }, el('label', { for: 'alert-seconds' }, 'Too long is more than (seconds)'), el('input', { id: 'alert-seconds', name: 'seconds', type: 'text', inputmode: 'numeric', value: this.set.seconds })),
		box('sound', 'A sound'), box('notify', 'A notification of the desktop'),
		el('menu', {}, el('button', { type: 'submit', class: 'main' }, 'Keep'), el('button', { type: 'button', onclick: () => close() }, 'Close')));
		const { dialog, close } = openDialog('Alerts', form);
		dialog.classList.add('ticket');
		dialog.addEventListener('keydown', (event) => event.stopPropagation());
	}
}
