// The page: what it is put together of, in this order.

import * as session from './session.js';
import * as state from './state.js';
import { begin as beginActions } from './actionbar.js';
import { begin as beginBar } from './bar.js';
import { begin as beginBlotter } from './blotter.js';
import { begin as beginDrawer } from './drawer.js';
import { begin as beginKeys } from './keys.js';
import { begin as beginNotices } from './notices.js';
import { begin as beginSettings } from './settings.js';
import { begin as beginStatus } from './status.js';
import { connect } from './live.js';
import { on, registerFields } from './desk.js';
import { always } from './tabs.js';
import './modules.js';

for (const [object, fields] of Object.entries(always)) registerFields(object, fields);

beginNotices();
beginSettings();
state.begin();
beginStatus();
beginBar();
beginActions();
beginDrawer();
beginKeys();
on('logged-in', () => {
	connect();
	beginBlotter();
});
await session.begin();
