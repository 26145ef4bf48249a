const { backend } = require('ferrows');

console.log(backend);
