"use strict";

/** What the caller got wrong, as against what fails here: Python raises ValueError for it. */
class BadInput extends Error {}

module.exports = { BadInput };
