// All that waits for the desk, also what is no order in its queue: requests to cancel or replace, fills of blocks that nobody has allocated,
// allocations that somebody has proposed. As oms.desk_queue has it, the longest first.

import { Refusal, request } from './api.js';
import { emit, notice, registerAction } from './desk.js';
import { el, openDialog } from './dom.js';
import { shown } from './exact.js';
import { formatFull } from './format.js';
import { table } from './shapes.js';

const WHAT = { ORDER: 'Order', REQUEST: 'Request', ALLOCATION: 'To allocate', PROPOSAL: 'Proposed' };

// What is asked for, and by whom.
function told(row) {
	const asked = row.request ? [row.request, shown(row.request_order_qty), row.request_price ? `at ${shown(row.request_price)}` : ''].filter(Boolean).join(' ') : '';
	return [asked, row.unallocated_quantity ? `${shown(row.unallocated_quantity)} unallocated` : '', row.author ? `by ${row.author}: somebody else approves it` : '', row.overdue ? 'overdue' : '', row.reason ?? row.text ?? ''].filter(Boolean).join(', ');
}

async function open() {
	let rows;
	try {
		rows = (await request('GET', '/desk/queue')).data;
	} catch (refusal) {
		if (!(refusal instanceof Refusal)) throw refusal;
		notice(refusal.problem.error?.message ?? refusal.message, { kind: 'error' });
		return;
	}
	const button = (row) => el('button', { type: 'button', onclick: () => {
		close();
		emit('open', row.execution_id ? { object: 'executions', row: { id: row.execution_id, cells: {} } } : { object: 'orders', row: { id: row.order_id, cells: {} } });
	} }, row.execution_id ?? row.order_id);
	const { dialog, close } = openDialog('What waits for the desk', rows.length === 0 ? el('p', {}, 'Nothing.') : table(`${rows.length}, the longest first`, ['Id', 'What', 'Since', 'Of', 'Desk', 'Asked'],
		rows.map((row) => [button(row), WHAT[row.what] ?? row.what, row.waiting_since ? formatFull(row.waiting_since) : '', [row.side, shown(row.order_qty), row.symbol, row.account].filter(Boolean).join(' '),
			[row.desk_status, row.desk_user].filter(Boolean).join(' '), told(row)])),
	el('menu', {}, el('button', { type: 'button', onclick: () => close() }, 'Close')));
	dialog.classList.add('ticket');
	dialog.dataset.waiting = rows.length;
	dialog.addEventListener('keydown', (event) => event.stopPropagation());
}

registerAction({ id: 'waits', label: 'What waits', key: 'w', rank: 90, always: true, reads: true, many: false, run: open });
