// One stream for all tabs: browsers open six connections to one origin, and a hidden tab's timers sleep. Runs as a shared worker, or as a tab's own.
//
// from a tab   { op: 'view', name, spec }, { op: 'close', name }, { op: 'address', name }, { op: 'bye' }, { op: 'lock', name }, { op: 'again' }
// to a tab     { op: 'data', t, pos, lag, stale, views }, { op: 'refused', name, gen, problem }, { op: 'status', ... }, { op: 'nobody' }, { op: 'build', build }

import { Stream } from './stream.js';

const ports = new Map();
let ids = 0;

const stream = new Stream({
	data(message) {
		const shares = new Map();
		for (const [name, view] of Object.entries(message.v)) {
			const [id, own] = split(name);
			if (!shares.has(id)) shares.set(id, {});
			shares.get(id)[own] = view;
		}
		for (const [id, port] of ports) port.postMessage({ op: 'data', t: message.t, pos: message.pos, lag: message.lag, stale: message.stale, views: shares.get(id) ?? {} });
	},
	refused(name, gen, problem) {
		const [id, own] = split(name);
		ports.get(id)?.postMessage({ op: 'refused', name: own, gen, problem });
	},
	status: (status) => tell({ op: 'status', ...status }),
	nobody: () => tell({ op: 'nobody' }),
	build: (build) => tell({ op: 'build', build }),
});

function split(name) {
	const at = name.indexOf('-');
	return [name.slice(0, at), name.slice(at + 1)];
}

function tell(message) {
	for (const port of ports.values()) port.postMessage(message);
}

function leave(id) {
	if (ports.delete(id)) stream.closeAll(`${id}-`);
}

function take(id, message) {
	if (message.op === 'view') stream.view(`${id}-${message.name}`, message.spec);
	else if (message.op === 'close') stream.view(`${id}-${message.name}`, null);
	else if (message.op === 'address') ports.get(id)?.postMessage({ op: 'address', name: message.name, address: stream.address(`${id}-${message.name}`) });
	else if (message.op === 'again') stream.again();
	else if (message.op === 'bye') leave(id);
	// a tab holds a lock as long as it lives: whoever gets it knows that the tab is gone, however it ended
	else if (message.op === 'lock' && self.navigator.locks) self.navigator.locks.request(message.name, () => leave(id));
}

function join(port) {
	const id = `t${++ids}`;
	ports.set(id, port);
	port.onmessage = (event) => take(id, event.data);
	port.postMessage({ op: 'status', ...stream.status() });
}

if ('onconnect' in self) self.onconnect = (event) => join(event.ports[0]);
else join(self);
