// How values look. A decimal is a text from the store to the screen: no digit is lost.

const zones = { local: undefined, UTC: 'UTC' };
let zone = 'local';
const formats = new Map();

export const timeZone = () => zone;

export function setTimeZone(name) {
	zone = name;
}

function formatOf(parts) {
	const key = `${zone} ${parts}`;
	if (!formats.has(key)) {
		const options = { timeZone: zone in zones ? zones[zone] : zone, hourCycle: 'h23' };
		if (parts.includes('d')) Object.assign(options, { year: 'numeric', month: '2-digit', day: '2-digit' });
		if (parts.includes('t')) Object.assign(options, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
		formats.set(key, new Intl.DateTimeFormat('sv-SE', options));
	}
	return formats.get(key);
}

export function zoneName() {
	if (zone !== 'local') return zone;
	return new Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'local';
}

// '-1234567.50' -> '-1,234,567.50'
export function groupDigits(text) {
	const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/s.exec(text) ?? [null, '', '', text];
	return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + rest;
}

// 18.7 -> 18.70: prices stand below each other. No digit goes.
function twoPlaces(text) {
	const [whole, part = ''] = text.split('.');
	return /^-?\d+$/.test(whole) ? `${whole}.${part.padEnd(2, '0')}` : text;
}

// The order of two decimals: -1, 0, 1. Exponents do not come.
export function compareDecimals(a, b) {
	const negative = a.startsWith('-');
	if (negative !== b.startsWith('-')) return negative ? -1 : 1;
	const [aw, af = ''] = a.replace('-', '').split('.');
	const [bw, bf = ''] = b.replace('-', '').split('.');
	const whole = Math.max(aw.length, bw.length);
	const part = Math.max(af.length, bf.length);
	const one = aw.padStart(whole, '0') + af.padEnd(part, '0');
	const other = bw.padStart(whole, '0') + bf.padEnd(part, '0');
	if (one === other) return 0;
	return (one < other) !== negative ? -1 : 1;
}

const units = (text, scale) => {
	const [whole, part = ''] = text.split('.');
	return BigInt(whole + part.padEnd(scale, '0'));
};

const placesOf = (text) => (text.split('.')[1] ?? '').length;

function fromUnits(amount, scale) {
	const digits = String(amount < 0n ? -amount : amount).padStart(scale + 1, '0');
	const text = scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}`.replace(/\.?0+$/, '') : digits;
	return amount < 0n ? `-${text}` : text;
}

export function addDecimals(texts) {
	const scale = Math.max(0, ...texts.map(placesOf));
	return fromUnits(texts.reduce((sum, text) => sum + units(text, scale), 0n), scale);
}

// Division of decimals to so many places, half away from zero; null by zero.
export function divideDecimals(a, b, places) {
	const scale = Math.max(placesOf(a), placesOf(b));
	const divisor = units(b, scale);
	if (divisor === 0n) return null;
	const twice = (2n * units(a, scale) * 10n ** BigInt(places)) / divisor;
	const rounded = (twice + (twice < 0n ? -1n : 1n)) / 2n;
	return fromUnits(rounded, places);
}

function formatTime(text) {
	const moment = new Date(text);
	if (Number.isNaN(moment.getTime())) return text;
	const day = formatOf('d').format(moment);
	const time = `${formatOf('t').format(moment)}.${String(moment.getUTCMilliseconds()).padStart(3, '0')}`;
	return day === formatOf('d').format(new Date()) ? time : `${day} ${time.slice(0, 8)}`;
}

export const formatMoment = (milliseconds) => formatOf('t').format(new Date(milliseconds));
export const formatFull = (text) => `${formatOf('dt').format(new Date(text))} ${zoneName()}`;

// PARTIALLY_FILLED -> Partially filled
export function formatName(text) {
	const words = text.toLowerCase().replaceAll('_', ' ');
	return words.charAt(0).toUpperCase() + words.slice(1);
}

// The text of a cell; null is no text.
export function formatCell(value, type) {
	if (value === null || value === undefined) return '';
	if (value === true) return 'yes';
	if (value === false) return 'no';
	if (typeof value === 'object') {
		if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.map((one) => (type === 'texts' ? formatName(one) : one)).join(', ');
		if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one?.code === 'string')) return value.map((one) => formatName(one.code)).join(', ');
		return JSON.stringify(value);
	}
	if (type === 'number') return groupDigits(value);
	if (type === 'price') return groupDigits(twoPlaces(value));
	if (type === 'time') return formatTime(value);
	if (type === 'name') return formatName(value);
	return value;
}
