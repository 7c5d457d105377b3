// Requests to the gateway. What it refuses is thrown as a Refusal, with the problem's details.
//
// Bodies are JSON; decimals in them are strings on both sides where this page shows or sends them: JSON.parse would round.

export class Refusal extends Error {
	constructor(status, problem, headers) {
		super(problem.detail || problem.title || `The gateway answers ${status}`);
		this.status = status;
		this.problem = problem;
		this.code = problem.error?.code ?? null;
		this.rule = problem.error?.rule ?? null;
		this.requestId = headers?.get('X-Request-Id') ?? null;
		this.retryAfter = Number(headers?.get('Retry-After') ?? 0);
	}
}

let onNobody = () => {};

// Called whenever the gateway does not know who asks (401).
export function whenNobody(call) {
	onNobody = call;
}

// Numbers of a JSON text as strings, so that none loses a digit.
export function parseExactly(text) {
	return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (part) => (part[0] === '"' ? part : `"${part}"`)));
}

function problemOf(text) {
	try {
		return JSON.parse(text);
	} catch {
		return { title: text.slice(0, 200) };
	}
}

// request('POST', '/commands/orders', { body, headers, as: 'text' }): { status, headers, data }
export async function request(method, path, { body, headers = {}, as = 'json', signal } = {}) {
	let response;
	let text = '';
	try {
		response = await fetch(path, {
			method, signal, credentials: 'same-origin', redirect: 'error', cache: 'no-store',
			headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
			body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
		});
		// an answer that ends half way is none
		if (!response.ok || as !== 'response') text = await response.text();
	} catch (error) {
		if (error.name === 'AbortError') throw error;
		throw new Refusal(0, { title: 'The gateway cannot be reached' }, null);
	}
	if (!response.ok) {
		const refusal = new Refusal(response.status, problemOf(text), response.headers);
		if (response.status === 401 && path !== '/session') onNobody(refusal);
		throw refusal;
	}
	if (as === 'response') return response;
	return { status: response.status, headers: response.headers, data: as === 'text' || text === '' ? text : parseExactly(text) };
}

// A UUID also where the page has come by plain HTTP.
export function newKey() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
	return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

// command('orders', { commandType, orderId, ... }, { key, version }): the result. The same key again is the same command: PostgreSQL does it once.
export async function command(object, what, { key = newKey(), version, preview = false } = {}) {
	const headers = {};
	if (!preview) headers['Idempotency-Key'] = key;
	const body = version === undefined ? what : { ...what, expectedVersion: version };
	return (await request('POST', `/commands/${object.replaceAll('_', '-')}${preview ? '/preview' : ''}`, { body, headers })).data;
}

// query('orders', { status: 'NEW' }): rows; of a whole specification: search().
export async function query(object, conditions = {}) {
	const text = new URLSearchParams();
	for (const [name, value] of Object.entries(conditions)) for (const one of [value].flat()) text.append(name, one);
	return (await request('GET', `/queries/${object.replaceAll('_', '-')}?${text}`)).data;
}

export async function search(object, specification) {
	return (await request('POST', `/queries/${object.replaceAll('_', '-')}`, { body: specification })).data;
}

const objectPath = (object, id) => `/queries/${object.replaceAll('_', '-')}/${encodeURIComponent(id)}`;

// One object now, or as it was at a moment.
export async function fetchObject(object, id, at) {
	return (await request('GET', objectPath(object, id) + (at ? `?at=${encodeURIComponent(at)}` : ''))).data;
}

export async function fetchHistory(object, id) {
	return (await request('GET', `${objectPath(object, id)}/history`)).data;
}

export async function fetchTree(id, at) {
	return (await request('GET', `${objectPath('orders', id)}/tree${at ? `?at=${encodeURIComponent(at)}` : ''}`)).data;
}
