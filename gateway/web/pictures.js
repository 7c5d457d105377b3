// Two small pictures as inline SVG: the tree of an order, and its fills against its limit. No library: each is thirty lines, a library is
// a hundred thousand, would want inline styles, and could not be read aloud as these can. Places on the screen are rounded; figures are texts.

import { compare, isDecimal, place, shown } from './exact.js';
import { picture } from './shapes.js';

const BOX = { width: 190, height: 46, gap: 14, step: 60 };

// rows: of the tree, from the root down (depth, orderId, parentId, status, orderQty, executedQuantity).
export function treePicture(rows, fills) {
	const depth = (row) => Number(row.depth ?? 0);
	const lines = [];
	for (const row of rows) {
		lines.push({ id: row.orderId, parent: row.parentId, level: depth(row), title: row.clOrdID ?? row.orderId, what: `${row.status} ${shown(row.executedQuantity)} of ${shown(row.orderQty)}`, of: row });
		for (const fill of fills.filter((one) => one.orderId === row.orderId)) {
			lines.push({ id: fill.executionId, parent: row.orderId, level: depth(row) + 1, title: fill.execID ?? 'fill', what: `${fill.status} ${shown(fill.lastQty)} at ${shown(fill.lastPx)}`, fill });
		}
	}
	const at = new Map(lines.map((line, index) => [line.id, index]));
	const deepest = Math.max(0, ...lines.map((line) => line.level));
	const width = BOX.width + deepest * BOX.step / 2 + 4;
	const svg = picture('svg', { class: 'tree', role: 'img', width, height: lines.length * (BOX.height + BOX.gap), viewBox: `0 0 ${width} ${Math.max(1, lines.length) * (BOX.height + BOX.gap)}`,
		'aria-label': lines.map((line) => `${'below '.repeat(line.level)}${line.title}: ${line.what}`).join('; ') });
	lines.forEach((line, index) => {
		const x = line.level * BOX.step / 2 + 2;
		const y = index * (BOX.height + BOX.gap) + 2;
		if (at.has(line.parent)) {
			const from = at.get(line.parent) * (BOX.height + BOX.gap) + BOX.height;
			svg.append(picture('path', { class: 'edge', d: `M ${x - BOX.step / 4} ${from} V ${y + BOX.height / 2} H ${x}` }));
		}
		svg.append(picture('g', { class: line.fill ? 'fill' : 'order' },
			picture('rect', { x, y, width: BOX.width, height: BOX.height - 4, rx: 4 }),
			picture('text', { x: x + 8, y: y + 17 }, cut(line.title)), picture('text', { class: 'what', x: x + 8, y: y + 34 }, cut(line.what))));
	});
	return svg;
}

function cut(text) {
	return text.length > 26 ? `${text.slice(0, 25)}…` : text;
}

const PLOT = { width: 560, height: 200, left: 70, right: 12, top: 24, bottom: 26 };

// fills: the oldest first (createdAt, lastPx, lastQty, executionId); limit: a price, or null.
export function fillsPicture(fills, limit, side) {
	const prices = [...fills.map((fill) => fill.lastPx), limit].filter(isDecimal);
	if (prices.length === 0) return null;
	const low = prices.reduce((a, b) => (compare(a, b) < 0 ? a : b));
	const high = prices.reduce((a, b) => (compare(a, b) > 0 ? a : b));
	const times = fills.map((fill) => Date.parse(fill.createdAt));
	const first = Math.min(...times);
	const span = Math.max(1, Math.max(...times) - first);
	const x = (time) => PLOT.left + (PLOT.width - PLOT.left - PLOT.right) * (times.length > 1 ? (time - first) / span : 0.5);
	const y = (price) => PLOT.top + (PLOT.height - PLOT.top - PLOT.bottom) * (1 - place(price, low, high));
	const worse = (price) => limit && compare(price, limit) === (side?.startsWith('SELL') ? -1 : 1);
	const svg = picture('svg', { class: 'fills', role: 'img', width: PLOT.width, height: PLOT.height, viewBox: `0 0 ${PLOT.width} ${PLOT.height}`,
		'aria-label': `${fills.length} fills between ${shown(low)} and ${shown(high)}${limit ? `, limit ${shown(limit)}` : ', no limit'}` },
	picture('path', { class: 'axis', d: `M ${PLOT.left} ${PLOT.top} V ${PLOT.height - PLOT.bottom} H ${PLOT.width - PLOT.right}` }),
	[...new Set([low, high])].map((price) => picture('text', { x: PLOT.left - 6, y: y(price) + 4, 'text-anchor': 'end' }, shown(price))),
	[first, first + span].slice(0, times.length > 1 ? 2 : 1).map((time, at) => picture('text', { x: x(time), y: PLOT.height - 8, 'text-anchor': at === 0 ? 'start' : 'end' }, clock(time))));
	if (isDecimal(limit)) svg.append(picture('path', { class: 'limit', d: `M ${PLOT.left} ${y(limit)} H ${PLOT.width - PLOT.right}` }), picture('text', { class: 'limit', x: PLOT.width - PLOT.right, y: y(limit) - 5, 'text-anchor': 'end' }, `limit ${shown(limit)}`));
	fills.forEach((fill, at) => svg.append(picture('circle', { class: worse(fill.lastPx) ? 'worse' : 'good', cx: x(times[at]), cy: y(fill.lastPx), r: 4 }, picture('title', {}, `${shown(fill.lastQty)} at ${shown(fill.lastPx)}, ${clock(times[at])}`))));
	return svg;
}

export function clock(time) {
	return Number.isFinite(time) ? new Date(time).toISOString().slice(11, 23) : '';
}
