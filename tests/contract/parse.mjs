// parse.mjs FILE - reads an AsyncAPI file with the official parser; prints what it has to say, and fails on errors and warnings.
// NODE_MODULES: the folder that holds @asyncapi/parser.
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { Parser, fromFile } = require('@asyncapi/parser');
const ERROR = 0, WARNING = 1;
const path = process.argv[2];

const { document, diagnostics } = await fromFile(new Parser(), path).parse();
for (const found of diagnostics)
    console.log(`${path}:${found.range.start.line + 1}: ${['error', 'warning', 'info', 'hint'][found.severity]}: ${found.code}: ${found.message}`);
if (document === undefined || diagnostics.some(found => found.severity === ERROR || found.severity === WARNING))
    process.exit(1);
const channels = document.channels().all(), messages = document.allMessages().all();
console.log(`${path}: ${channels.length} channels, ${document.operations().all().length} operations, ${messages.length} messages`);
