#!/usr/bin/env node
require('../dist/cmemstat.cjs');
