// Whether what is on the screen is true: the lag, and since when nothing comes.

import { on } from './desk.js';
import { byId, el, say } from './dom.js';
import { formatMoment } from './format.js';

let level = '';

const words = { wait: 'Connecting', green: 'Live', amber: 'Stale', red: 'Stale, locked' };

function show({ level: next, lag, since, problem, open }) {
	const line = byId('status').firstChild;
	const word = !open && next !== 'wait' && next !== 'red' ? 'Reconnecting' : words[next];
	const text = next === 'green' ? `${word} ${lag ?? '–'} ms` : since ? `${word}: nothing since ${formatMoment(since)}` : problem ? `${word}: ${problem}` : word;
	if (line.lastChild.data !== text) line.lastChild.data = text;
	if (next === level) return;
	level = next;
	byId('status').dataset.level = next;
	document.documentElement.dataset.level = next;
	if (next !== 'wait') say(text);
}

export function begin() {
	byId('status').append(el('span', { class: 'lag', title: 'From the commit of the last transaction until it was in the gateway' }, el('span', { class: 'lamp', 'aria-hidden': 'true' }), 'Connecting'));
	on('status', show);
}
