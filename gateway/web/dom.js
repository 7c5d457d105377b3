// Elements by hand. What anybody says becomes text, never markup.

// el('button', { class: 'quiet', onclick: f, 'aria-pressed': 'true' }, 'text', child, ...)
export function el(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue;
		if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
		else if (name === 'value') element.value = value;
		else element.setAttribute(name, value === true ? '' : value);
	}
	element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

export const byId = (id) => document.getElementById(id);

export function replace(element, ...children) {
	element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

// A text of a node that is changed only where it is another one: the browser then has nothing to do.
export function setText(node, text) {
	if (node.data !== text) node.data = text;
}

// Said to who listens to the page.
export function say(text) {
	const said = byId('said');
	said.textContent = '';
	setTimeout(() => { said.textContent = text; }, 30);
}

// At most once in so many milliseconds, and the last one always.
export function soon(milliseconds, run) {
	let timer = 0;
	return () => {
		if (timer !== 0) return;
		timer = setTimeout(() => { timer = 0; run(); }, milliseconds);
	};
}

// A dialog that the keyboard stays in; closed by Escape. Returns { dialog, close }.
export function openDialog(title, ...children) {
	const before = document.activeElement;
	const heading = el('h2', { id: 'dialog-title' }, title);
	const dialog = el('dialog', { 'aria-labelledby': 'dialog-title' }, heading, ...children);
	dialog.addEventListener('close', () => {
		dialog.remove();
		if (before && before.isConnected) before.focus();
	});
	document.body.append(dialog);
	dialog.showModal();
	return { dialog, close: () => dialog.close() };
}
