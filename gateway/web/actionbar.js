// Buttons of what can be done with the rows that are chosen. One that cannot says why.

import { actionsFor, mayRun, on, runAction, selection } from './desk.js';
import { byId, el, soon } from './dom.js';

const draw = soon(30, () => {
	const chosen = selection();
	const focused = document.activeElement?.dataset?.action;
	byId('actions').replaceChildren(...actionsFor(chosen.object).map((action) => {
		const may = mayRun(action, chosen);
		return el('button', {
			type: 'button', 'data-action': action.id, 'aria-disabled': may === true ? null : 'true', title: may === true ? (action.hint ?? action.label) : may || 'Not possible here',
			'aria-keyshortcuts': action.key ?? null, onclick: () => runAction(action),
		}, action.label, action.key ? el('kbd', {}, action.key) : null, action.many !== false && chosen.rows.length > 1 ? ` (${chosen.rows.length})` : '');
	}));
	if (focused) byId('actions').querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
});

export function begin() {
	for (const event of ['actions', 'selection', 'locked', 'who', 'pending']) on(event, draw);
	draw();
}
