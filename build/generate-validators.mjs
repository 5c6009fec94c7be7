/**
 * Generates the validators of documents that are read back, from their JSON Schemas:
 * `src/recording/validation/`. The schema is the single source of a shape; `npm run build` runs this, and a
 * test fails if the result is not checked in.
 *
 * A reader is more lenient than the schema, which describes what this version writes: unknown keys are
 * accepted, and so are ranges and patterns, on which no reader depends. In recordings enums are open as
 * well: a recording of a later version that adds a value to one can still be read. In verdicts only those
 * enums are open that a report prints unchanged.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const ROOT = new URL('..', import.meta.url);

/** Keywords that readers ignore. */
const IGNORED = new Set([
  ...['$schema', '$id', '$defs', 'title', 'description', 'default', 'examples'],
  ...[
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'pattern',
    'minProperties',
    'uniqueItems',
  ],
]);
const UNDERSTOOD = new Set([
  ...['type', 'const', 'enum', 'oneOf', '$ref', 'properties', 'required', 'additionalProperties'],
  ...['items', 'minItems', 'maxItems'],
]);

const NAMES = {
  number: 'a number',
  integer: 'a number',
  string: 'a string',
  boolean: 'true or false',
  null: 'null',
};

const isIdentifier = (name) => /^[A-Za-z_$][\w$]*$/.test(name);
const keyOf = (name) => (isIdentifier(name) ? name : quote(name));
const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const literal = (value) => (typeof value === 'string' ? quote(value) : JSON.stringify(value));

/** Writes one module: a function for each required shape, and a type for each exported one. */
class Writer {
  #schemas;
  #areWordsOpen;
  #functions = new Map();
  #texts = [];
  #types = [];

  constructor(schemas, areWordsOpen) {
    this.#schemas = schemas;
    this.#areWordsOpen = areWordsOpen;
  }

  export(name, file, pointer) {
    const place = this.#find({ $ref: pointer }, file);
    const fault = this.#functionFor(place, name);
    this.#texts.push(
      `/** Finds the first part of it that is not as the schema has it. */\nexport const findFaultIn${name}: FindFault = ${fault};`,
    );
    this.#types.push(
      `/** \`${pointer.slice('#/$defs/'.length) || file}\` of ${file}. */\nexport type ${name}Json = ${this.#typeOf(place)};`,
    );
  }

  get text() {
    return [...this.#texts, ...this.#types].join('\n\n');
  }

  /** Follows references to the schema itself; `file` is the document that contains it. */
  #find(schema, file) {
    const { $ref, ...others } = schema;
    for (const keyword of Object.keys(schema)) {
      if (!IGNORED.has(keyword) && !UNDERSTOOD.has(keyword))
        throw new Error(`${file}: "${keyword}" is not supported`);
    }
    if ($ref === undefined) return { schema, file };
    if (Object.keys(others).some((keyword) => UNDERSTOOD.has(keyword)))
      throw new Error(`${file}: $ref beside others`);
    const [document, pointer] = $ref.split('#');
    const target = document === '' ? file : document;
    let found = this.#schemas[target];
    for (const part of (pointer ?? '').split('/').filter(Boolean)) found = found?.[part];
    if (found === undefined) throw new Error(`${file}: there is no ${$ref}`);
    return this.#find(found, target);
  }

  /** The condition under which a scalar is invalid, and the expected value; undefined for objects and lists. */
  #scalar({ schema, file }, value, key) {
    if (schema.oneOf !== undefined) {
      const each = schema.oneOf.map((one) => this.#scalar(this.#find(one, file), value, key));
      if (each.includes(undefined)) throw new Error(`${file}: oneOf of objects is not supported`);
      return {
        fails: each.map(({ fails }) => fails).join(' && '),
        expected: each.map(({ expected }) => expected).join(' or '),
      };
    }
    const words = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
    const isOpen = this.#areWordsOpen(key) && words?.length !== 1;
    // The word "max" beside a number is not an open enum.
    if (words !== undefined && !(isOpen || (this.#areWordsOpen(key) && typeof words[0] !== 'string'))) {
      return {
        fails: words.map((word) => `${value} !== ${literal(word)}`).join(' && '),
        expected: words.map((word) => JSON.stringify(word)).join(' or '),
      };
    }
    const types = words === undefined ? [schema.type].flat() : [...new Set(words.map((word) => typeof word))];
    if (types.includes('object') || types.includes('array')) return undefined;
    const fails = types.map((type) => {
      // JSON allows 1e400, which is read as infinite: no figure is.
      if (type === 'number' || type === 'integer') return `!Number.isFinite(${value})`;
      if (type === 'null') return `${value} !== null`;
      if (type === 'string' || type === 'boolean') return `typeof ${value} !== '${type}'`;
      throw new Error(`${file}: type ${type} is not supported`);
    });
    return { fails: fails.join(' && '), expected: types.map((type) => NAMES[type]).join(' or ') };
  }

  /** Lines that return the fault of an expression; `at` is the expression of its key. */
  #check(place, value, { at, name, condition = '', indent = '  ' }) {
    const scalar = this.#scalar(place, value, at);
    if (scalar !== undefined) {
      return `${indent}if (${condition}${scalar.fails}) return wrongAt(${at}, ${quote(scalar.expected)});`;
    }
    const find = this.#functionFor(place, name);
    return [
      `${indent}const in${value} = ${condition === '' ? '' : `${value} === undefined ? undefined : `}${find}(${value});`,
      `${indent}if (in${value} !== undefined) return within(${at}, in${value});`,
    ].join('\n');
  }

  /** The name of the function that finds the fault of an object or a list. */
  #functionFor(place, hint) {
    const key = `${place.file} ${JSON.stringify(place.schema)}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const words = hint.replaceAll(/[^A-Za-z\d]+(.?)/g, (_, letter) => letter.toUpperCase());
    let name = `findIn${words[0].toUpperCase()}${words.slice(1)}`;
    for (let count = 2; [...this.#functions.values()].includes(name); count += 1)
      name = `${name.replace(/\d+$/, '')}${count}`;
    this.#functions.set(key, name);
    const body = place.schema.type === 'array' ? this.#listBody(place, hint) : this.#objectBody(place, hint);
    this.#texts.push(
      `function ${name}(value: unknown): Fault | undefined {\n${body}\n  return undefined;\n}`,
    );
    return name;
  }

  #listBody({ schema, file }, hint) {
    const { items, minItems = 0, maxItems } = schema;
    const lines = ["  if (!Array.isArray(value)) return wrong('a list');"];
    if (minItems > 0 && maxItems === minItems) {
      lines.push(`  if (value.length !== ${minItems}) return wrong('a list of ${minItems}');`);
    } else if (minItems > 0)
      lines.push(`  if (value.length < ${minItems}) return wrong('a list of at least ${minItems}');`);
    if (items !== undefined) {
      lines.push('  for (let at = 0; at < value.length; at += 1) {', '    const item: unknown = value[at];');
      lines.push(
        this.#check(this.#find(items, file), 'item', { at: 'at', name: `${hint} item`, indent: '    ' }),
        '  }',
      );
    }
    return lines.join('\n');
  }

  #objectBody({ schema, file }, hint) {
    const { properties = {}, required = [], additionalProperties } = schema;
    const names = Object.keys(properties);
    const lines = ["  if (!isObject(value)) return wrong('an object');"];
    if (typeof additionalProperties === 'object') {
      if (names.length > 0)
        throw new Error(`${file}: properties beside a schema for all others are not supported`);
      lines.push('  for (const key in value) {', '    const field = value[key];');
      const how = { at: 'key', name: `${hint} value`, indent: '    ' };
      lines.push(this.#check(this.#find(additionalProperties, file), 'field', how), '  }');
      return lines.join('\n');
    }
    for (const name of names) {
      // A key that every object inherits would appear to exist.
      if (name in {}) throw new Error(`${file}: a property ${name}`);
    }
    if (required.some((name) => !names.includes(name)))
      throw new Error(`${file}: a required key is not described`);
    const locals = new Map(names.map((name) => [name, `_${name.replaceAll(/\W/g, '_')}`]));
    lines.push(
      ...names.map(
        (name) =>
          `  const ${locals.get(name)} = value${isIdentifier(name) ? `.${name}` : `[${quote(name)}]`};`,
      ),
    );
    for (const name of names.toSorted(
      (a, b) => Number(required.includes(b)) - Number(required.includes(a)),
    )) {
      const local = locals.get(name);
      const condition = required.includes(name) ? '' : `${local} !== undefined && `;
      lines.push(
        this.#check(this.#find(properties[name], file), local, {
          at: quote(name),
          name: `${hint} ${name}`,
          condition,
        }),
      );
    }
    return lines.join('\n');
  }

  #typeOf({ schema, file }) {
    const inner = (each) => this.#typeOf(this.#find(each, file));
    if (schema.oneOf !== undefined) return schema.oneOf.map(inner).join(' | ');
    if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
    if (schema.const !== undefined) return literal(schema.const);
    return [schema.type]
      .flat()
      .map((type) => {
        if (type === 'integer') return 'number';
        if (type === 'array') return schema.items === undefined ? 'unknown[]' : `(${inner(schema.items)})[]`;
        if (type !== 'object') return type;
        const { properties = {}, required = [], additionalProperties } = schema;
        if (typeof additionalProperties === 'object') return `Record<string, ${inner(additionalProperties)}>`;
        const fields = Object.entries(properties).map(
          ([name, each]) => `${keyOf(name)}${required.includes(name) ? '' : '?'}: ${inner(each)}`,
        );
        return `{ ${fields.join('; ')} }`;
      })
      .join(' | ');
  }
}

/** One generated module. */
const MODULES = [
  {
    file: 'record-validators.ts',
    areWordsOpen: () => true,
    exports: ['start', 'sample', 'event', 'maps', 'processes', 'summary'].map((name) => [
      `${name[0].toUpperCase()}${name.slice(1)}`,
      'recording.schema.json',
      `#/$defs/${name}`,
    ]),
  },
  {
    file: 'verdict-validator.ts',
    areWordsOpen: (key) => key === "'mode'" || key === "'kind'",
    exports: [['Verdict', 'verdict.schema.json', '#']],
  },
];

/** The text of every module by its path below the root; `readSchema` returns the text of a schema. */
function generateValidators(readSchema) {
  const schemas = new Proxy({}, { get: (cache, name) => (cache[name] ??= JSON.parse(readSchema(name))) });
  return MODULES.map(({ file, areWordsOpen, exports }) => {
    const writer = new Writer(schemas, areWordsOpen);
    for (const [name, schema, pointer] of exports) writer.export(name, schema, pointer);
    const sources = [...new Set(exports.map(([, schema]) => schema))].join(', ');
    const header = [
      `// Generated from schema/${sources} by build/generate-validators.mjs: change the schema, and run npm run build.`,
      "import { type Fault, type FindFault, isObject, within, wrong, wrongAt } from './fault.ts';",
    ];
    return { path: `src/recording/validation/${file}`, text: `${header.join('\n')}\n\n${writer.text}\n` };
  });
}

const readSchema = (name) => readFileSync(new URL(`schema/${name}`, ROOT), 'utf8');
const isCheck = process.argv.includes('--check');
for (const { path, text } of generateValidators(readSchema)) {
  const file = new URL(path, ROOT);
  if (!isCheck) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text)
    throw new Error(`${path} is not what the schema says: run npm run build`);
}
