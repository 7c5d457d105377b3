// Which columns there are, and layouts with a name: in this browser, and as a link.

import { currentGrid } from './blotter.js';
import { columnOf, columnsOf, defaultColumns } from './columns.js';
import { notice } from './desk.js';
import { el, openDialog } from './dom.js';
import * as state from './state.js';

const KEEP = 'oms.layouts';

const small = (label, title, run, disabled = false) => el('button', { type: 'button', 'aria-label': title, title, onclick: run, disabled }, label);

// ---- columns ----

export function openColumns() {
	const tab = state.currentTab();
	let chosen = state.viewOf(tab.id).columns.map((column) => ({ ...column }));
	const list = el('ul', { class: 'columns' });
	const apply = () => {
		state.change({ columns: chosen });
		draw();
	};
	const move = (i, step) => {
		const [one] = chosen.splice(i, 1);
		chosen.splice(i + step, 0, one);
		apply();
	};
	function draw() {
		const focus = document.activeElement?.id;
		const rest = columnsOf[tab.object].filter((column) => !chosen.some((one) => one.field === column.field));
		list.replaceChildren(...chosen.map((one, i) => {
			const column = columnOf(tab.object, one.field);
			return el('li', {},
				el('input', { type: 'checkbox', id: `show-${one.field}`, checked: true, disabled: chosen.length === 1, onchange: () => { chosen = chosen.filter((other) => other !== one); apply(); } }), el('label', { for: `show-${one.field}`, title: one.field }, column.label),
				el('input', { type: 'number', 'aria-label': `Width of ${column.label}`, min: '30', max: '800', step: '10', value: String(one.width), onchange: (event) => { one.width = Math.min(800, Math.max(30, Math.round(Number(event.target.value)) || column.width)); apply(); } }),
				el('label', { class: 'pin' }, el('input', { type: 'checkbox', id: `pin-${one.field}`, checked: one.pinned, onchange: (event) => { one.pinned = event.target.checked; apply(); } }), 'Pin'),
				small('↑', `${column.label} up`, () => move(i, -1), i === 0), small('↓', `${column.label} down`, () => move(i, 1), i === chosen.length - 1));
		}), ...rest.map((column) => el('li', { class: 'off' }, el('input', { type: 'checkbox', id: `show-${column.field}`, onchange: () => { chosen.push({ field: column.field, width: column.width, pinned: false }); apply(); } }), el('label', { for: `show-${column.field}`, title: column.field }, column.label))));
		if (focus) list.querySelector(`#${CSS.escape(focus)}`)?.focus();
	}
	draw();
	const { close } = openDialog(`Columns of ${tab.label.toLowerCase()}`, list, el('footer', {}, el('button', { type: 'button', onclick: () => { chosen = defaultColumns(tab.object, tab.fields ?? null); apply(); } }, 'As at the beginning'), el('button', { type: 'button', class: 'main', onclick: () => close() }, 'Done')));
}

// ---- layouts ----

function read() {
	try {
		const kept = JSON.parse(localStorage.getItem(KEEP));
		return Array.isArray(kept) ? kept.filter((one) => typeof one?.name === 'string' && typeof one?.tab === 'string') : [];
	} catch {
		return [];
	}
}

function write(layouts) {
	try {
		localStorage.setItem(KEEP, JSON.stringify(layouts));
	} catch {
		notice('This browser keeps nothing: take the link', { kind: 'warn' });
	}
}

export function openLayouts() {
	const list = el('ul', { class: 'layouts' });
	const name = el('input', { 'aria-label': 'Name', placeholder: 'Name', maxlength: '80' });
	function draw() {
		const layouts = read();
		list.replaceChildren(...layouts.map((layout) => el('li', {},
			el('button', { type: 'button', class: 'layout', onclick: () => { close(); state.apply(layout.tab, layout.view); } }, layout.name), el('span', { class: 'of' }, layout.tab),
			small('×', `Remove ${layout.name}`, () => { write(layouts.filter((one) => one.name !== layout.name)); draw(); }))));
		if (layouts.length === 0) list.append(el('li', { class: 'off' }, 'None yet.'));
	}
	const save = (event) => {
		event.preventDefault();
		if (name.value.trim() === '') return;
		const tab = state.currentTab().id;
		write([...read().filter((one) => one.name !== name.value.trim()), { name: name.value.trim(), tab, view: state.pack(tab) }].sort((a, b) => (a.name < b.name ? -1 : 1)));
		name.value = '';
		draw();
	};
	const link = async () => {
		await navigator.clipboard.writeText(location.href);
		notice('The link is copied: it has filters, order and columns');
	};
	draw();
	const { close } = openDialog('Layouts', list, el('form', { class: 'line', onsubmit: save }, name, el('button', { type: 'submit' }, 'Keep this view')),
		el('footer', {}, el('button', { type: 'button', onclick: link }, 'Copy a link'), el('button', { type: 'button', onclick: () => { close(); state.apply(state.currentTab().id, null); } }, 'As at the beginning'), el('button', { type: 'button', class: 'main', onclick: () => close() }, 'Done')));
	name.focus();
	currentGrid().redraw();
}
