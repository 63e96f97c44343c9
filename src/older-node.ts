/** What Node 20 and 22 lack of the language, and the hub uses. */
import 'core-js/actual/json/index.js';
import 'core-js/actual/map/group-by.js';
import 'core-js/actual/promise/with-resolvers.js';
import 'core-js/actual/regexp/escape.js';
