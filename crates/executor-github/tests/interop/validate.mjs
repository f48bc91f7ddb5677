// Holds exchanges with the server against GitHub's description of its API (OpenAPI 3.0).
// usage: node validate.mjs EXCHANGES.json
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';
import formats from 'ajv-formats';

const { resolve } = createRequire(import.meta.url);
const description = resolve('@octokit/openapi/generated/api.github.com.deref.json');
const { paths } = JSON.parse(readFileSync(description));
const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);
ajv.addFormat('repo.nwo', /^[^/]+\/[^/]+$/);

// These stand for the rest of an address, slashes and all.
const long = new Set(['path', 'ref', 'branch', 'basehead']);
const routes = Object.entries(paths).map(([template, operations]) => {
  const parts = template.split('/').slice(1).map((part) => {
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    return name ? (long.has(name) ? '.+' : '[^/]+') : part.replace(/[.]/g, '\\.');
  });
  const literal = template.split('/').filter((part) => !part.startsWith('{')).length;
  return { template, operations, literal, pattern: new RegExp(`^/${parts.join('/')}$`) };
}).sort((a, b) => b.literal - a.literal);

// OpenAPI 3.0 says `nullable` where JSON Schema has a type; and of GitHub's alternatives, more than one fits at times.
function withNull(schema) {
  if (Array.isArray(schema)) return schema.map(withNull);
  if (schema === null || typeof schema !== 'object') return schema;
  const { nullable, ...rest } = schema;
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) =>
    [key === 'oneOf' ? 'anyOf' : key, key === 'enum' || key === 'example' || key === 'default' ? value : withNull(value)]));
  return nullable ? { anyOf: [{ type: 'null' }, inner] } : inner;
}

const compiled = new Map();
function problems(key, schema, value) {
  if (!compiled.has(key)) compiled.set(key, ajv.compile(withNull(schema)));
  const validate = compiled.get(key);
  return validate(value) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

const seen = new Set();
let wrong = 0;
for (const { method, path, status, request, response } of JSON.parse(readFileSync(process.argv[2]))) {
  const verb = method.toLowerCase();
  const route = routes.find(({ pattern, operations }) => operations[verb] && pattern.test(path));
  const say = (problem) => { wrong += 1; console.log(`${method} ${path} ${status}: ${problem}`); };
  if (!route) { say('there is no such route'); continue; }
  const operation = route.operations[verb];
  const name = `${verb} ${route.template}`;
  seen.add(`${name} ${status}`);
  const asked = operation.requestBody?.content['application/json']?.schema;
  if (request !== null && status < 300) {
    if (!asked) say('it takes no body');
    else problems(`${name} asked`, asked, request).forEach((p) => say(`asked: ${p}`));
  }
  const declared = operation.responses[status] ?? (status === 401 ? { content: {} } : undefined);
  if (!declared) { say('there is no such answer'); continue; }
  const schema = declared.content?.['application/json']?.schema;
  if (schema) problems(`${name} ${status}`, schema, response).forEach((p) => say(`answered: ${p}`));
}
console.log(`${seen.size} kinds of exchanges, ${wrong} problems`);
process.exit(wrong === 0 ? 0 : 1);
