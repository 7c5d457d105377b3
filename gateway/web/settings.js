// Colours, time zone, who is logged in.

import { emit, on } from './desk.js';
import { byId, el } from './dom.js';
import { setTimeZone, timeZone, zoneName } from './format.js';
import { logOut, myName } from './session.js';

const themes = ['auto', 'dark', 'light'];
const zones = ['local', 'UTC', 'Europe/London', 'Europe/Berlin', 'America/New_York', 'America/Chicago', 'Asia/Tokyo', 'Asia/Hong_Kong', 'Asia/Singapore', 'Australia/Sydney'];

function keep(name, value) {
	try {
		localStorage.setItem(name, value);
	} catch {
		// kept for this visit alone
	}
}

function kept(name) {
	try {
		return localStorage.getItem(name);
	} catch {
		return null;
	}
}

function setTheme(theme) {
	const dark = theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
	document.documentElement.dataset.theme = dark ? 'dark' : 'light';
	keep('oms.theme', theme);
}

function choice(label, values, current, names, change) {
	return el('select', { 'aria-label': label, title: label, onchange: (event) => change(event.target.value) }, values.map((value) => el('option', { value, selected: value === current }, names(value))));
}

export function begin() {
	const theme = themes.includes(kept('oms.theme')) ? kept('oms.theme') : 'auto';
	const zone = zones.includes(kept('oms.zone')) ? kept('oms.zone') : 'local';
	setTheme(theme);
	setTimeZone(zone);
	const user = el('span', { id: 'who' });
	byId('settings').append(
		choice('Time zone', zones, zone, (value) => (value === 'local' ? `Local (${zoneName()})` : value), (value) => {
			setTimeZone(value);
			keep('oms.zone', value);
			emit('zone', timeZone());
		}),
		choice('Colours', themes, theme, (value) => ({ auto: 'Auto', dark: 'Dark', light: 'Light' })[value], setTheme),
		user, el('button', { type: 'button', class: 'quiet', onclick: logOut }, 'Log out'));
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if ((kept('oms.theme') ?? 'auto') === 'auto') setTheme('auto'); });
	on('who', () => { user.textContent = myName(); });
}
