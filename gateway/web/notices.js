// What happened, for as long as one needs to read it; errors stay until they are closed.

import { on } from './desk.js';
import { byId, el } from './dom.js';

const NOTICES_MAX = 6;

function show({ text, kind, seconds, action }) {
	const box = byId('notices');
	const close = () => element.remove();
	const element = el('div', { class: `notice ${kind}`, role: kind === 'ok' ? 'status' : 'alert' }, el('span', {}, text),
		action ? el('button', { type: 'button', onclick: () => { close(); action.run(); } }, action.label) : null,
		el('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', onclick: close }, '×'));
	box.append(element);
	while (box.children.length > NOTICES_MAX) box.firstChild.remove();
	if (seconds > 0) setTimeout(close, seconds * 1000);
}

export function begin() {
	on('notice', show);
	on('new-build', () => show({ text: 'There is a newer version of this page', kind: 'ok', seconds: 0, action: { label: 'Reload', run: () => location.reload() } }));
}
