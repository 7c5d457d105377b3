// Numbers as PostgreSQL writes them: texts, with nothing lost. They are compared, added and multiplied as integers with a scale, and are
// never binary fractions.

import { groupDigits } from './format.js';

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?$/;

export function isDecimal(text) {
	return typeof text === 'string' && NUMBER.test(text);
}

function read(text) {
	const parts = NUMBER.exec(text);
	if (!parts) throw new Error(`no number: ${text}`);
	const fraction = parts[3] ?? '';
	return { units: BigInt(parts[1] === '-' ? `-${parts[2]}${fraction}` : parts[2] + fraction), scale: fraction.length };
}

function write(units, scale) {
	const sign = units < 0n ? '-' : '';
	const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
	const whole = digits.slice(0, digits.length - scale);
	const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
	return sign + whole + (fraction ? `.${fraction}` : '');
}

// Both as integers of one scale.
function level(a, b) {
	const x = read(a);
	const y = read(b);
	const scale = Math.max(x.scale, y.scale);
	return { x: x.units * 10n ** BigInt(scale - x.scale), y: y.units * 10n ** BigInt(scale - y.scale), scale };
}

export function compare(a, b) {
	const { x, y } = level(a, b);
	return x < y ? -1 : x > y ? 1 : 0;
}

export function add(a, b) {
	const { x, y, scale } = level(a, b);
	return write(x + y, scale);
}

export function subtract(a, b) {
	const { x, y, scale } = level(a, b);
	return write(x - y, scale);
}

export function multiply(a, b) {
	const x = read(a);
	const y = read(b);
	return write(x.units * y.units, x.scale + y.scale);
}

// Whether a is further from b than so many percent of b.
export function isAway(a, b, percent) {
	const difference = subtract(a, b).replace('-', '');
	return compare(multiply(difference, '100'), multiply(b.replace('-', ''), percent)) > 0;
}

// As the grid shows it. What is no number is itself.
export function shown(text) {
	return isDecimal(text) ? groupDigits(text) : text ?? '';
}

// Where it stands between two others, from 0 to 1: for a place on the screen, and for nothing else.
export function place(text, low, high) {
	const width = subtract(high, low);
	if (compare(width, '0') <= 0) return 0.5;
	const { x, y } = level(subtract(text, low), width);
	return Number((x * 10000n) / y) / 10000;
}
