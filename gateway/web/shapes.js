// What several parts of the page are made of, beside plain elements: tables, pairs of names and values, pictures.

import { el } from './dom.js';
import { shown } from './exact.js';

// heads are texts; rows are arrays of texts or elements, the first of each names it.
export function table(caption, heads, rows, attributes = {}) {
	return el('table', attributes,
		el('caption', {}, caption),
		el('thead', {}, el('tr', {}, heads.map((head) => el('th', { scope: 'col' }, head)))),
		el('tbody', {}, rows.map((cells) => el('tr', {}, cells.map((cell, at) => (at === 0 ? el('th', { scope: 'row' }, cell ?? '') : el('td', {}, cell ?? '')))))));
}

// A value of a state as a text.
export function valueText(value) {
	if (value === undefined || value === null) return '';
	return typeof value === 'string' ? shown(value) : typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

export function pairs(list) {
	return el('dl', { class: 'pairs' }, list.filter(([, value]) => value !== undefined && value !== null && value !== '').flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, valueText(value))]));
}

// An element of SVG. Attributes alone say how it looks: no style, which the page's policy would refuse.
export function picture(tag, attributes = {}, ...children) {
	const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name === 'onclick') element.addEventListener('click', value);
		else if (value !== null && value !== undefined) element.setAttribute(name, value);
	}
	element.append(...children.flat().filter((child) => child !== null && child !== undefined));
	return element;
}
