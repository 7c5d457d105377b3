// The row that was opened, beside the grid: a heading and the panels that modules have registered for its kind of object.

import { on, panelsFor } from './desk.js';
import { byId, el } from './dom.js';

let shown = null;	// { object, row, ends, panel }

function end() {
	shown?.end?.();
	if (shown) shown.end = null;
}

function choose(panel, body, buttons) {
	end();
	body.replaceChildren();
	for (const button of buttons) button.setAttribute('aria-selected', String(button.dataset.panel === panel.id));
	shown.panel = panel.id;
	body.setAttribute('aria-label', panel.label);
	shown.end = panel.show(shown.row, body, shown.object) ?? null;
}

function open({ object, row }) {
	const panels = panelsFor(object);
	const wanted = shown?.panel;
	end();
	if (panels.length === 0) return;
	const before = shown?.before ?? document.activeElement;
	shown = { object, row, panel: wanted, before, end: null };
	const drawer = byId('drawer');
	const body = el('div', { class: 'panel', role: 'tabpanel', tabindex: '0' });
	const buttons = panels.map((panel) => el('button', { type: 'button', role: 'tab', 'data-panel': panel.id, onclick: () => choose(panel, body, buttons) }, panel.label));
	drawer.replaceChildren(el('header', {}, el('h2', {}, row.id), el('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', onclick: close }, '×')), el('div', { role: 'tablist', 'aria-label': 'Detail' }, buttons), body);
	drawer.hidden = false;
	choose(panels.find((panel) => panel.id === wanted) ?? panels[0], body, buttons);
	body.focus();
}

export function close() {
	if (!shown) return;
	end();
	byId('drawer').hidden = true;
	byId('drawer').replaceChildren();
	if (shown.before?.isConnected) shown.before.focus();
	shown = null;
}

export function begin() {
	on('open', open);
	on('logged-out', close);
	byId('drawer').addEventListener('keydown', (event) => {
		if (event.target.getAttribute('role') === 'tab' && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) {
			const tabs = [...byId('drawer').querySelectorAll('[role=tab]')];
			const next = tabs[(tabs.indexOf(event.target) + (event.key === 'ArrowRight' ? 1 : -1) + tabs.length) % tabs.length];
			next.click();
			next.focus();
		} else if (event.key === 'Escape') close();
		else return;
		event.preventDefault();
		event.stopPropagation();
	});
}
