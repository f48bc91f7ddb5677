// Runs bodies of `POST /graphql` as GitHub's schema and the reference implementation have them, and says what each called.
// Usage: node run.mjs node_modules bodies.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, bodies] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { buildSchema, execute, parse, validate } = require("graphql");
// GitHub publishes fields twice, which the implementation would refuse.
const published = readFileSync(`${modules}/@octokit/graphql-schema/schema.graphql`, "utf8");
const schema = buildSchema(published, { assumeValidSDL: true });

// Whatever root field is asked for answers with nothing, and is noted.
function run({ query, variables, operationName }) {
  const calls = [];
  const rootValue = new Proxy({}, {
    get: (_, name) => () => {
      calls.push(name);
      return null;
    },
  });
  const messages = (errors) => errors.map((error) => error.message);
  let document;
  try {
    document = parse(query);
  } catch (error) {
    return { calls, refused: [error.message] };
  }
  const invalid = validate(schema, document);
  if (invalid.length > 0) {
    return { calls, refused: messages(invalid) };
  }
  const result = execute({ schema, document, rootValue, variableValues: variables, operationName });
  // Fields whose type has no `null` complain of the answer; that is none of the request's doing.
  const refused = calls.length > 0 ? [] : messages(result.errors ?? []);
  return { calls, refused };
}

console.log(JSON.stringify(JSON.parse(readFileSync(bodies, "utf8")).map(run)));
