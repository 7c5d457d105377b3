// What leaves the page: the chosen rows as a table's text, and all rows of the view as CSV, which the gateway makes.

import { currentGrid } from './blotter.js';
import { request } from './api.js';
import { notice, selection } from './desk.js';
import { el } from './dom.js';
import { LiveView } from './live.js';

const plain = (value) => (value === null || value === undefined ? '' : typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : JSON.stringify(value));

// A tab or a line's end would be another cell; what a spreadsheet takes for a formula has an apostrophe in front, unless it is a number.
export function tableCell(value, type) {
	const text = plain(value).replace(/[\t\r\n]+/g, ' ');
	return type !== 'number' && /^[=+\-@]/.test(text) ? `'${text}` : text;
}

export function tableText(columns, rows) {
	return [columns.map((column) => column.field).join('\t'), ...rows.map((row) => columns.map((column) => tableCell(row.cells[column.field], column.type)).join('\t'))].join('\n');
}

export async function copyRows() {
	const { rows } = selection();
	if (rows.length === 0) {
		notice('No row is chosen', { kind: 'warn' });
		return;
	}
	try {
		await navigator.clipboard.writeText(tableText(currentGrid().columns, rows));
		notice(rows.length === 1 ? '1 row is copied' : `${rows.length} rows are copied`);
	} catch {
		notice('The browser does not let this page copy', { kind: 'error' });
	}
}

export async function exportCsv() {
	const grid = currentGrid();
	const spec = { ...grid.spec(), mode: 'flat', columns: grid.columns.map((column) => column.field), first: 0, count: 1 };
	delete spec.groupBy;
	const view = new LiveView('csv', () => {});
	try {
		// the gateway writes what this view is when it is asked: as filtered, in its order, all rows of it
		const response = await request('GET', await view.address(spec, '.csv'), { headers: { Accept: 'text/csv' }, as: 'response' });
		const address = URL.createObjectURL(await response.blob());
		const link = el('a', { href: address, download: `${grid.tab}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.csv` });
		document.body.append(link);
		link.click();
		link.remove();
		setTimeout(() => URL.revokeObjectURL(address), 60000);
		notice(`${grid.view.matches} rows are on their way as CSV`);
	} catch (error) {
		notice(`CSV: ${error.message}`, { kind: 'error' });
	} finally {
		view.close();
	}
}
