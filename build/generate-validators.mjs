/**
 * Generates the validators of documents that are read back, from their JSON Schemas:
 * `src/recording/validation/`. The schema is the single source of a shape; `npm run build` runs this, and a
 * test fails if the result is not checked in.
 *
 * A reader of recordings and verdicts is more lenient than the schema, which describes what this version
 * writes: unknown keys are accepted, and so are ranges and patterns, on which no reader depends. In
 * recordings enums are open as well: a recording of a later version that adds a value to one can still be
 * read. In verdicts only those enums are open that a report prints unchanged. Users edit baselines and budget
 * files: their ranges and patterns are checked, and unknown keys of budget files are errors.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const ROOT = new URL('..', import.meta.url);

/** Keywords that readers ignore. */
const ANNOTATIONS = ['$schema', '$id', '$defs', 'title', 'description', 'default', 'examples'];
/** Keywords that only strict readers check. */
const RESTRICTIONS = [
  ...['exclusiveMinimum', 'exclusiveMaximum'],
  ...['pattern', 'not', 'minProperties', 'uniqueItems'],
];
/** Those of them that are supported. */
const CHECKED_RESTRICTIONS = ['pattern', 'not'];
const UNDERSTOOD = [
  ...['type', 'const', 'enum', 'oneOf', '$ref', 'properties', 'required', 'additionalProperties'],
  ...['items', 'minItems', 'maxItems', 'minimum', 'maximum'],
];

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
const inCamelCase = (words) => {
  const joined = words.replaceAll(/[^A-Za-z\d]+(.?)/g, (_, letter) => letter.toUpperCase());
  return `${joined[0].toUpperCase()}${joined.slice(1)}`;
};

/** Writes one module: one function for each required shape, and a type for each exported one. */
class Writer {
  #schemas;
  #areWordsOpen;
  #isStrict;
  #isClosed;
  #patternsOfParsers;
  #ignored;
  #understood;
  #functions = new Map();
  #texts = [];
  #exports = [];
  #helpers = new Set();

  constructor(schemas, { areWordsOpen, isStrict = false, isClosed = false, patternsOfParsers = [] }) {
    this.#schemas = schemas;
    this.#areWordsOpen = areWordsOpen;
    this.#isStrict = isStrict;
    this.#isClosed = isClosed;
    this.#patternsOfParsers = patternsOfParsers;
    this.#ignored = new Set([...ANNOTATIONS, ...(isStrict ? [] : RESTRICTIONS)]);
    this.#understood = new Set([...UNDERSTOOD, ...(isStrict ? CHECKED_RESTRICTIONS : [])]);
  }

  export(name, file, pointer) {
    const place = this.#find({ $ref: pointer }, file);
    const fault = this.#functionFor(place, name);
    this.#texts.push({
      text: `/** Finds the first part of it that is not as the schema has it. */\nexport const findFaultIn${name}: FindFault = ${fault};`,
    });
    const source = pointer === '#' ? `The document of ${file}` : `\`${place.name}\` of ${file}`;
    this.#exports.push({ place, head: `/** ${source}. */\nexport type ${name}Json` });
  }

  /** The parts of the module in order: functions have a name and a body, other parts a text. */
  get parts() {
    return [...this.#texts, ...this.#types().map((text) => ({ text }))];
  }

  /** What the module needs of `fault.ts`, sorted. */
  get helpers() {
    return [...this.#helpers].sort();
  }

  #helper(name) {
    this.#helpers.add(name);
    return name;
  }

  /**
   * Follows references to the schema itself; `file` is the document that contains it, `name` its definition.
   */
  #find(schema, file, name) {
    const { $ref, ...others } = schema;
    for (const keyword of Object.keys(schema)) {
      if (!this.#ignored.has(keyword) && !this.#understood.has(keyword))
        throw new Error(`${file}: "${keyword}" is not supported`);
    }
    if ($ref === undefined) return { schema, file, name };
    if (Object.keys(others).some((keyword) => this.#understood.has(keyword)))
      throw new Error(`${file}: $ref beside others`);
    const [document, pointer] = $ref.split('#');
    const target = document === '' ? file : document;
    let found = this.#schemas[target];
    for (const part of (pointer ?? '').split('/').filter(Boolean)) found = found?.[part];
    if (found === undefined) throw new Error(`${file}: there is no ${$ref}`);
    return this.#find(found, target, /^\/\$defs\/(\w+)$/.exec(pointer ?? '')?.[1]);
  }

  /** Equal for two places that have the same checks. `above`: the definitions that it is in. */
  #shapeOf({ schema, file, name }, above = []) {
    const definition = name === undefined ? undefined : `${file} ${name}`;
    if (above.includes(definition)) return [['$ref', name]];
    const within = definition === undefined ? above : [...above, definition];
    const inner = (each) => this.#shapeOf(this.#find(each, file), within);
    const shape = [];
    for (const [keyword, value] of Object.entries(schema)) {
      if (this.#ignored.has(keyword)) continue;
      if (keyword === 'properties')
        shape.push([keyword, Object.entries(value).map(([name, each]) => [name, inner(each)])]);
      else if (keyword === 'oneOf') shape.push([keyword, value.map(inner)]);
      else if (keyword === 'items' || (keyword === 'additionalProperties' && typeof value === 'object'))
        shape.push([keyword, inner(value)]);
      else shape.push([keyword, value]);
    }
    return shape.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /**
   * The condition under which a scalar is invalid, and the expected value; undefined for objects and lists.
   */
  #scalar({ schema, file, name }, value, key) {
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
    const hasRange = schema.minimum !== undefined || schema.maximum !== undefined;
    if (types.length === 1) {
      if (types[0] === 'integer' || hasRange) return this.#range(schema, value);
      if (this.#isStrict && schema.pattern !== undefined) return this.#pattern(schema, file, name, value);
    }
    if (hasRange || (this.#isStrict && CHECKED_RESTRICTIONS.some((keyword) => schema[keyword] !== undefined)))
      throw new Error(`${file}: a range or pattern of ${types} is not supported`);
    const fails = types.map((type) => {
      if (type === 'number' || type === 'integer') return `!${this.#helper('isNumber')}(${value})`;
      if (type === 'null') return `${value} !== null`;
      if (type === 'string' || type === 'boolean') return `typeof ${value} !== '${type}'`;
      throw new Error(`${file}: type ${type} is not supported`);
    });
    return { fails: fails.join(' && '), expected: types.map((type) => NAMES[type]).join(' or ') };
  }

  #range({ type, minimum, maximum }, value) {
    const limits = [minimum, maximum].map((limit) => limit ?? 'undefined');
    if (maximum === undefined) limits.pop();
    if (minimum === undefined && maximum === undefined) limits.pop();
    const isInRange = this.#helper(type === 'integer' ? 'isInteger' : 'isNumber');
    return {
      fails: `!${isInRange}(${[value, ...limits].join(', ')})`,
      expected: [
        type === 'integer' ? 'a whole number' : 'a number',
        ...(minimum === undefined ? [] : [`from ${minimum}`]),
        ...(maximum === undefined ? [] : [`to ${maximum}`]),
      ].join(' '),
    };
  }

  /** Messages contain the title of the schema and its first example. */
  #pattern({ pattern, title, examples }, file, name, value) {
    if (title === undefined) throw new Error(`${file}: a pattern without a title`);
    const expected = examples === undefined ? title : `${title} such as ${JSON.stringify(examples[0])}`;
    if (this.#patternsOfParsers.includes(name)) return { fails: `typeof ${value} !== 'string'`, expected };
    const fails = `(typeof ${value} !== 'string' || !${new RegExp(pattern)}.test(${value}))`;
    return { fails, expected, pattern };
  }

  /** Lines that return the fault of an expression; `at` is the expression of its key. */
  #check(place, value, { at, name, condition = '', indent = '  ' }) {
    const scalar = this.#scalar(place, value, at);
    if (scalar !== undefined && scalar.pattern === undefined) {
      const fault = `${this.#helper('wrongAt')}(${at}, ${quote(scalar.expected)})`;
      return `${indent}if (${condition}${scalar.fails}) return ${fault};`;
    }
    const call =
      place.schema.type === 'array'
        ? this.#listCall(place, value, name)
        : `${this.#functionFor(place, name)}(${value})`;
    const fault = `${this.#helper('within')}(${at}, fault)`;
    return `${indent}if (${condition}(fault = ${call}) !== undefined) return ${fault};`;
  }

  /** The name of the function that finds the fault of a value. */
  #functionFor(place, hint) {
    const scalar = this.#scalar(place, 'value', 'value');
    const key = JSON.stringify(scalar ?? this.#shapeOf(place));
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    // Definitions such as bytes and count may have the same check.
    const isPlain = scalar !== undefined && scalar.pattern === undefined;
    const words = isPlain ? scalar.expected.replace(/^an? /, '') : (place.name ?? hint);
    let name = `findIn${inCamelCase(words)}`;
    for (let count = 2; [...this.#functions.values()].includes(name); count += 1)
      name = `${name.replace(/\d+$/, '')}${count}`;
    this.#functions.set(key, name);
    const body =
      scalar === undefined
        ? this.#bodyOf(place, words)
        : `  return ${scalar.fails} ? ${this.#helper('wrong')}(${quote(scalar.expected)}) : undefined;`;
    this.#texts.push({ name, body });
    return name;
  }

  #bodyOf(place, hint) {
    if (place.schema.type === 'array') return `  return ${this.#listCall(place, 'value', hint)};`;
    const lines = this.#objectBody(place, hint);
    const variable = lines.some((line) => line.includes('(fault = '))
      ? ['  let fault: Fault | undefined;']
      : [];
    const wrong = this.#helper('wrong');
    return [
      `  if (!${this.#helper('isObject')}(value)) return ${wrong}('an object');`,
      ...variable,
      ...lines,
      '  return undefined;',
    ].join('\n');
  }

  /** The call that finds the fault of a list. */
  #listCall({ schema, file }, value, hint) {
    const { items, minItems = 0, maxItems } = schema;
    if (items === undefined) throw new Error(`${file}: a list without items is not supported`);
    if (this.#isStrict && maxItems !== undefined) throw new Error(`${file}: a longest list is not supported`);
    // A range of lengths is a range, of which a lenient reader checks the least.
    const bounds = maxItems === minItems ? [minItems, maxItems] : minItems === 0 ? [] : [minItems];
    const findInItem = this.#functionFor(this.#find(items, file), `${hint} item`);
    return `${this.#helper('findInList')}(${[value, findInItem, ...bounds].join(', ')})`;
  }

  #objectBody({ schema, file }, hint) {
    const { properties = {}, required = [], additionalProperties, not } = schema;
    const names = Object.keys(properties);
    if (typeof additionalProperties === 'object') {
      if (names.length > 0 || not !== undefined)
        throw new Error(`${file}: others beside a schema for all keys are not supported`);
      const how = { at: 'key', name: `${hint} value`, indent: '    ' };
      const check = this.#check(this.#find(additionalProperties, file), 'field', how);
      return ['  for (const key in value) {', '    const field = value[key];', check, '  }'];
    }
    for (const name of names) {
      // A key that every object inherits would appear to exist.
      if (name in {}) throw new Error(`${file}: a property ${name}`);
    }
    if (required.some((name) => !names.includes(name)))
      throw new Error(`${file}: a required key is not described`);
    const lines = [];
    if (this.#isClosed) {
      if (additionalProperties !== false)
        throw new Error(`${file}: an object that other keys are allowed in`);
      const call = `${this.#helper('findUnknownKey')}(value, [${names.map(quote).join(', ')}])`;
      lines.push(`  if ((fault = ${call}) !== undefined) return fault;`);
    }
    const locals = new Map(names.map((name) => [name, `_${name.replaceAll(/\W/g, '_')}`]));
    lines.push(
      `  const { ${names.map((name) => `${keyOf(name)}: ${locals.get(name)}`).join(', ')} } = value;`,
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
    if (this.#isStrict && not !== undefined) lines.push(this.#conflict(schema, file, locals));
    return lines;
  }

  /** Of `not`, only that two flags are not set together is supported. */
  #conflict({ not, properties }, file, locals) {
    const [first, second, ...others] = not.required ?? [];
    const form = {
      required: [first, second],
      properties: { [first]: { const: true }, [second]: { const: true } },
    };
    const areFlags = [first, second].every((name) => properties[name]?.type === 'boolean');
    if (others.length > 0 || !areFlags || JSON.stringify(not) !== JSON.stringify(form))
      throw new Error(`${file}: this form of "not" is not supported`);
    const fault = `${this.#helper('wrongAt')}(${quote(second)}, ${quote(`false beside "${first}": true`)})`;
    return `  if (${locals.get(first)} === true && ${locals.get(second)} === true) return ${fault};`;
  }

  /** The exported types, after those of definitions that several places share. */
  #types() {
    const uses = new Map();
    const count = (key) => {
      uses.set(key, (uses.get(key) ?? 0) + 1);
      // Its members are only shared if other types use them too.
      return uses.get(key) > 1 ? key : undefined;
    };
    for (const { place } of this.#exports) this.#typeOf(place, count);
    const shared = new Map();
    const names = new Map();
    const nameOf = (key, name, write) => {
      if ((uses.get(key) ?? 0) < 2) return undefined;
      if (!names.has(key)) {
        let type = inCamelCase(name);
        for (let number = 2; shared.has(type); number += 1) type = `${inCamelCase(name)}${number}`;
        // Before its text, which may refer to it.
        shared.set(type, '');
        names.set(key, type);
        shared.set(type, `type ${type} = ${write()};`);
      }
      return names.get(key);
    };
    const exported = this.#exports.map(({ place, head }) => `${head} = ${this.#typeOf(place, nameOf)};`);
    return [...shared.values(), ...exported];
  }

  /** `nameOf` may return the name of a shared type, which it writes by `write`. */
  #typeOf(place, nameOf) {
    if (place.name === undefined || place.schema.type !== 'object') return this.#typeOfSchema(place, nameOf);
    const { name, ...unnamed } = place;
    const write = () => this.#typeOfSchema(unnamed, nameOf);
    return nameOf(`${place.file} ${name}`, name, write) ?? write();
  }

  #typeOfSchema({ schema, file }, nameOf) {
    const inner = (each) => this.#typeOf(this.#find(each, file), nameOf);
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

/** The generated modules. */
const MODULES = [
  {
    file: 'record-validators.ts',
    areWordsOpen: () => true,
    exports: ['start', 'sample', 'event', 'maps', 'processes', 'explain', 'summary'].map((name) => [
      inCamelCase(name),
      'recording.schema.json',
      `#/$defs/${name}`,
    ]),
  },
  {
    file: 'explain-validator.ts',
    areWordsOpen: () => true,
    exports: [['Explanation', 'explain.schema.json', '#']],
  },
  {
    file: 'verdict-validator.ts',
    areWordsOpen: (key) => key === "'mode'" || key === "'kind'",
    exports: [['Verdict', 'verdict.schema.json', '#']],
  },
  {
    file: 'baseline-validator.ts',
    // A later version may know more kinds.
    areWordsOpen: (key) => key === "'kind'",
    isStrict: true,
    exports: [['Baseline', 'baseline.schema.json', '#']],
  },
  {
    file: 'budget-file-validator.ts',
    areWordsOpen: () => false,
    isStrict: true,
    isClosed: true,
    // The parser reports the position of an error.
    patternsOfParsers: ['expression'],
    exports: [['BudgetFile', 'budget.schema.json', '#']],
  },
  {
    file: 'exporter-config-validator.ts',
    areWordsOpen: () => false,
    isStrict: true,
    isClosed: true,
    exports: [['ExporterConfig', 'exporter.schema.json', '#']],
  },
];

/** The module with the functions that several others need. */
const SHARED_FILE = 'shared-shapes.ts';

/**
 * Takes the functions out of the modules that several of them have, under one name in all; returns them in
 * the order of their calls. Each pass may make callers equal too.
 */
function takeShared(modules) {
  const shared = [];
  for (;;) {
    const users = new Map();
    for (const module of modules) {
      for (const part of module.parts) {
        if (part.name === undefined) continue;
        const calls = part.body.match(/\bfindIn[A-Z]\w*(?=[(,)])/g) ?? [];
        const isComplete = calls.every(
          (call) => call === 'findInList' || call === part.name || shared.some(({ name }) => name === call),
        );
        if (isComplete) users.set(part.body, [...(users.get(part.body) ?? []), { module, part }]);
      }
    }
    const [found] = [...users.values()].filter((each) => new Set(each.map(({ module }) => module)).size > 1);
    if (found === undefined) return shared;
    const { name: first, body } = found[0].part;
    const own = found.map(({ part }) => part);
    const taken = [...shared, ...modules.flatMap(({ parts }) => parts)].filter((part) => !own.includes(part));
    let name = first;
    for (let count = 2; taken.some((part) => part.name === name); count += 1) name = `${first}${count}`;
    shared.push({ name, body: body.replaceAll(new RegExp(`\\b${first}\\b`, 'g'), name) });
    for (const { module, part } of found) {
      const renamed = new RegExp(`\\b${part.name}\\b`, 'g');
      module.parts = module.parts.flatMap((each) => {
        if (each === part) return [];
        const [key, text] = each.name === undefined ? ['text', each.text] : ['body', each.body];
        return [{ ...each, [key]: text.replaceAll(renamed, name) }];
      });
    }
  }
}

/** A module as text; what it does not use is not imported. */
function toText(header, parts, helpers, shared) {
  const isShared = (part) => shared.includes(part);
  const text = parts
    .map((part) => {
      if (part.name === undefined) return part.text;
      const head = isShared(part)
        ? '/** Finds the first part of a value that has not this shape. */\nexport '
        : '';
      return `${head}function ${part.name}(value: unknown): Fault | undefined {\n${part.body}\n}`;
    })
    .join('\n\n');
  const used = (names) => names.filter((name) => new RegExp(`\\b${name.replace('type ', '')}\\b`).test(text));
  const fromShared = parts.some(isShared) ? [] : used(shared.map(({ name }) => name)).sort();
  return [
    header,
    `import { ${used(['type Fault', 'type FindFault', ...helpers]).join(', ')} } from './fault.ts';`,
    ...(fromShared.length === 0 ? [] : [`import { ${fromShared.join(', ')} } from './${SHARED_FILE}';`]),
    '',
    `${text}\n`,
  ].join('\n');
}

/** The text of every module by its path below the root; `readSchema` returns the text of a schema. */
function generateValidators(readSchema) {
  const schemas = new Proxy({}, { get: (cache, name) => (cache[name] ??= JSON.parse(readSchema(name))) });
  const modules = MODULES.map(({ file, exports, ...options }) => {
    const writer = new Writer(schemas, options);
    for (const [name, schema, pointer] of exports) writer.export(name, schema, pointer);
    const sources = [...new Set(exports.map(([, schema]) => schema))].join(', ');
    return { file, sources, parts: writer.parts, helpers: writer.helpers };
  });
  const shared = takeShared(modules);
  const helpers = [...new Set(modules.flatMap((module) => module.helpers))].sort();
  const written = [...modules, { file: SHARED_FILE, sources: '', parts: shared, helpers }];
  return written.map((module) => {
    const header = `// Generated from schema/${module.sources || '*'} by \`npm run build\`: change the schema.`;
    const text = toText(header, module.parts, module.helpers, shared);
    return { path: `src/recording/validation/${module.file}`, text };
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
