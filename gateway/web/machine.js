// What may be done with a row: what the state machine allows, whose it is, and what the user may. All of it is data of GET /catalogue.

import { compare, isDecimal } from './exact.js';

// What a command is called in the machine of executions; of the other kinds its own name without "Command".
const TRIGGERS = {
	ApproveExecutionCommand: ['book', 'approve an allocation'],
	RejectExecutionCommand: ['reject', 'refuse an allocation'],
	CorrectExecutionCommand: ['correct'],
	BustExecutionCommand: ['bust'],
	AllocateExecutionCommand: ['allocate a part', 'allocate all'],
	DeallocateExecutionCommand: ['deallocate'],
	CreateManualExecutionCommand: ['ExecuteOrder'],
};

const DESK = ['SendOrderToDeskCommand', 'ClaimOrderCommand', 'AssignOrderCommand', 'ReleaseOrderFromDeskCommand'];

// These are kept to whoever has claimed the order.
const CLAIMED = ['ClaimOrderCommand', 'ReleaseOrderFromDeskCommand', 'PlaceOrderCommand', 'ReplaceOrderCommand', 'CancelOrderCommand', 'RequestCancelOrderCommand', 'RequestReplaceOrderCommand'];

// What is known of the facts that a transition asks for; of the others the store knows, and it says so when asked.
const FACTS = {
	NOT_FILLED: (row) => !isFilled(row),
	FILLED: (row) => isFilled(row),
	NO_FILLS: (row) => !isDecimal(row.executedQuantity) || compare(row.executedQuantity, '0') === 0,
	LIVE: (row) => row.closed !== true,
	REQUEST_OPEN: (row) => !('pendingRequests' in row) || (Array.isArray(row.pendingRequests) && row.pendingRequests.length > 0),
	NOT_ACCEPTED: (row) => !row.orderId,
	NOT_PENDING: (row) => !row.acceptedOrderId,
	// terms and plans are the ticket's to say
	LEG: () => false,
};

const FACT_WORDS = {
	NOT_FILLED: 'it is filled', FILLED: 'it is not filled', NO_FILLS: 'it has fills', LIVE: 'it is closed', REQUEST_OPEN: 'nothing is requested',
	NOT_ACCEPTED: 'it is accepted already', NOT_PENDING: 'an acceptance is pending',
};

function isFilled(row) {
	return isDecimal(row.orderQty) && isDecimal(row.executedQuantity) && compare(row.executedQuantity, row.orderQty) >= 0;
}

function conditionsOf(row, machine) {
	if (machine === 'desk') return [row.deskStatus ?? 'NONE'];
	if (machine === 'order') return row.conditions ?? [row.status];
	return [row.status];
}

// null: possible; else why not.
function whyNot(transition, row, conditions) {
	const missing = (transition.requires ?? []).filter((word) => !conditions.includes(word));
	if (missing[0] === 'NONE') return 'it is at the desk already';
	if (missing.length > 0) return `it is not ${missing.join(', ')}${transition.object === 'desk' ? ' at the desk' : ''}`;
	const present = (transition.forbids ?? []).filter((word) => conditions.includes(word));
	if (present.length > 0) return `it is ${present.join(', ')}`;
	for (const fact of transition.facts ?? []) if (FACTS[fact] && !FACTS[fact](row)) return FACT_WORDS[fact] ?? `not ${fact}`;
	return null;
}

export class Machine {
	constructor(catalogue) {
		this.catalogue = catalogue;
		this.user = catalogue.user;
		this.rows = new Map();
		this.known = new Map();
		for (const transition of catalogue.transitions) {
			const key = `${transition.object} ${transition.trigger}`;
			this.rows.set(key, [...(this.rows.get(key) ?? []), transition]);
		}
		this.sentences = new Map(catalogue.transitions.map((one) => [String(one.transition), one.sentence]));
	}

	// Of a service that has arguments, these; else of the command.
	fields(command, service) {
		const given = service ? this.catalogue.services[service]?.arguments : undefined;
		if (given) return Object.entries(given).map(([name, one]) => ({ name, type: one.type === 'quantity' ? 'quantity above zero' : one.type, required: one.required === true }));
		return (this.catalogue.commands[command]?.fields ?? []).map(([name, type, required, unless]) => ({ name, type, required, unless }));
	}

	names(object, field) {
		return this.catalogue.names[`${object}.${field}`] ?? null;
	}

	// Whether the user may give it at all, or about something of this account (undefined: of any).
	may(command, account) {
		const may = this.catalogue.commands[command]?.may ?? false;
		if (!Array.isArray(may)) return may;
		if (account === undefined) return may.length > 0;
		return may.some((one) => (one === null ? account === null : one.endsWith('%') ? account?.startsWith(one.slice(0, -1)) : one === account));
	}

	// A hundred chosen rows ask this of every command, ten times a second.
	transitions(command, machine) {
		const key = `${command} ${machine}`;
		if (!this.known.has(key)) this.known.set(key, this.findTransitions(command, machine));
		return this.known.get(key);
	}

	findTransitions(command, machine) {
		const stem = command.replace(/Command$/, '');
		const wanted = TRIGGERS[command] ?? [stem];
		const kind = DESK.includes(command) ? 'desk' : command === 'CreateManualExecutionCommand' ? 'order' : machine;
		const found = [];
		for (const [key, rows] of this.rows) {
			const [object, ...words] = key.split(' ');
			const trigger = words.join(' ');
			if (object === kind && wanted.some((one) => trigger === one || trigger.startsWith(`${one} `))) found.push(...rows.filter((row) => !row.reported));
		}
		return { kind, found };
	}

	// null: it may be tried; else a sentence why not.
	refuses(command, kind, row, service) {
		const right = this.refusesUser(command, row);
		if (right) return right;
		const { kind: machine, found } = this.transitions(command, kind);
		if (found.length === 0) return null;
		const conditions = conditionsOf(row, machine);
		let why = null;
		for (const transition of found) {
			const reason = whyNot(transition, row, conditions);
			if (reason === null) return this.refusesOthers(command, row, service);
			why ??= reason;
		}
		return why;
	}

	refusesUser(command, row) {
		if (!this.may(command)) return `your role may not: it needs ${this.catalogue.commands[command]?.role ?? 'another one'}`;
		if ('account' in row && !this.may(command, row.account)) return `your role may not for account ${row.account ?? '(none)'}`;
		return null;
	}

	// What no table says, and every desk knows: a claim, the queue, four eyes.
	refusesOthers(command, row, service) {
		if (CLAIMED.includes(command) && this.isHeld(row)) return `${row.deskUser} has claimed it`;
		if (!service && command === 'CancelOrderCommand' && isDecimal(row.liveChildren) && compare(row.liveChildren, '0') > 0) return 'orders below it are live: cancel with all below';
		if (command === 'PlaceOrderCommand' && row.deskStatus === 'QUEUED') return 'it waits in the queue: claim it first';
		if (command === 'ClaimOrderCommand' && row.deskStatus === 'CLAIMED' && row.deskUser === this.user) return 'it is yours already';
		if ((command === 'ApproveExecutionCommand' || command === 'RejectExecutionCommand') && row.status !== 'REVIEW' && !row.allocationProposal) return `it is ${row.status}, and nothing is proposed of it`;
		if (command === 'ApproveExecutionCommand' && this.needsAnother(row)) return `needs another person: entered by ${row.authors.join(', ')}`;
		if (command === 'PlaceOrderCommand' && isDecimal(row.unplacedQuantity) && compare(row.unplacedQuantity, '0') === 0) return 'nothing of it is unplaced';
		if (command === 'AllocateExecutionCommand' && isDecimal(row.executedQuantity) && isDecimal(row.allocatedQuantity) && compare(row.executedQuantity, row.allocatedQuantity) <= 0) return 'nothing of it is unallocated';
		return null;
	}

	// By somebody else. An administrator may take it over.
	isHeld(row) {
		return row.deskStatus === 'CLAIMED' && row.deskUser !== this.user && !this.may('PurgeOrderCommand');
	}

	needsAnother(row) {
		return this.catalogue.fourEyes && Array.isArray(row.authors) && row.authors.includes(this.user);
	}

	sentence(transition) {
		return this.sentences.get(String(transition)) ?? '';
	}
}
