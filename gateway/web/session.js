// Who is logged in, logging in and out.

import { request, whenNobody, Refusal } from './api.js';
import { emit, notice, setWho, who } from './desk.js';
import { byId } from './dom.js';

async function ask() {
	return (await request('GET', '/session')).data;
}

function show(loggedIn) {
	byId('login').hidden = loggedIn;
	byId('desk').hidden = !loggedIn;
}

function showLogin() {
	if (!byId('login').hidden) return;
	emit('logged-out', null);
	show(false);
	byId('login-password').value = '';
	byId(byId('login-user').value ? 'login-password' : 'login-user').focus();
}

async function logIn(event) {
	event.preventDefault();
	const problem = byId('login-problem');
	const button = byId('login').querySelector('button');
	button.disabled = true;
	problem.textContent = '';
	try {
		await request('POST', '/session', { body: { user: byId('login-user').value, password: byId('login-password').value } });
		byId('login-password').value = '';
		await enter();
	} catch (error) {
		problem.textContent = error.retryAfter > 0 ? `${error.message} (wait ${error.retryAfter} s)` : error.message;
	} finally {
		button.disabled = false;
	}
}

async function enter() {
	const me = await ask();
	setWho(me);
	show(true);
	emit('logged-in', me);
}

export async function logOut() {
	try {
		await request('DELETE', '/session');
	} catch (error) {
		if (error.status === 404) {
			notice('Who you are is said by the gateway’s network: there is nothing to log out of', { kind: 'warn' });
			return;
		}
		if (error.status !== 401) throw error;
	}
	setWho(null);
	showLogin();
}

// The name that is shown.
export const myName = () => who()?.user ?? who()?.role ?? '';

export async function begin() {
	byId('login').addEventListener('submit', logIn);
	whenNobody(showLogin);
	try {
		await enter();
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		if (error.status !== 401) byId('login-problem').textContent = error.message;
		byId('login').hidden = true;
		showLogin();
	}
}
