// Modules that register actions and panels with desk.js (doc/blotter.md).

import './actions.js';
import './waiting.js';
