/** Shows openapi.json as a page. Nothing is loaded from elsewhere; everything from the description is set as text. */

/** @typedef {Record<string, any>} Json */

const METHODS = ["get", "post", "put", "patch", "delete"];

/**
 * An element with attributes and children.
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * Text with `code` in it.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/**
 * What a `$ref` stands for.
 * @param {Json} whole
 * @param {Json} schema
 * @returns {Json}
 */
function resolved(whole, schema) {
  if (!schema.$ref) return schema;
  return schema.$ref.slice(2).split("/").reduce((/** @type {Json} */ at, /** @type {string} */ key) => at[key], whole);
}

/**
 * A schema in a few words, with a link where it has a section of its own.
 * @param {Json} schema
 * @returns {(Node | string)[]}
 */
function kind(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [element("a", { href: `#schema-${name}` }, name)];
  }
  const options = schema.anyOf || schema.oneOf;
  if (options) return options.flatMap((/** @type {Json} */ each, /** @type {number} */ at) => [at ? " or " : "", ...kind(each)]);
  if (schema.type === "array") return ["list of ", ...kind(schema.items || {})];
  if (schema.const !== undefined) return [element("code", {}, JSON.stringify(schema.const))];
  if (schema.enum) return schema.enum.flatMap((/** @type {any} */ each, /** @type {number} */ at) => [at ? ", " : "", element("code", {}, String(each))]);
  return [schema.format === "binary" ? "bytes" : schema.type || "anything"];
}

/**
 * A table.
 * @param {string[]} heads
 * @param {(Node | string)[][][]} rows
 * @returns {HTMLElement}
 */
function table(heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, ...cell))));
  const whole = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": heads.join(", ") }, whole);
}

/**
 * A block of code or JSON.
 * @param {any} content
 * @param {string} label
 * @returns {HTMLElement}
 */
function block(content, label) {
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  return element("pre", { tabindex: "0", role: "group", "aria-label": label }, element("code", {}, text));
}

/**
 * The properties of an object's schema.
 * @param {Json} whole
 * @param {Json} schema
 * @returns {HTMLElement | null}
 */
function properties(whole, schema) {
  const found = resolved(whole, schema);
  if (!found.properties) return null;
  const required = new Set(found.required || []);
  const rows = Object.entries(found.properties).map(([name, each]) => [
    [element("code", {}, name), required.has(name) ? "" : " (optional)"],
    kind(each),
    prose(each.description || resolved(whole, each).description || ""),
  ]);
  return table(["Name", "Value", "Meaning"], rows);
}

/**
 * A section about one operation.
 * @param {Json} whole
 * @param {string} path
 * @param {string} method
 * @param {Json} operation
 * @returns {HTMLElement}
 */
function section(whole, path, method, operation) {
  const title = element("h2", {}, element("span", { class: "method" }, method.toUpperCase()), " ", element("code", {}, path));
  const made = element("section", { id: operation.operationId }, title, element("p", {}, ...prose(operation.summary || "")));
  if (operation.description) made.append(element("p", {}, ...prose(operation.description)));
  for (const sample of operation["x-codeSamples"] || []) {
    made.append(element("h3", {}, sample.label), block(sample.source, sample.label));
  }
  if (operation.parameters?.length) {
    const rows = operation.parameters.map((/** @type {Json} */ each) => [
      [element("code", {}, each.name), ` (${each.in})`],
      kind(each.schema),
      prose(each.description || (each.schema.default === undefined ? "" : `default ${each.schema.default}`)),
    ]);
    made.append(element("h3", {}, "Parameters"), table(["Name", "Value", "Meaning"], rows));
  }
  for (const [type, content] of Object.entries(operation.requestBody?.content || {})) {
    made.append(element("h3", {}, `Body: ${type}`));
    const shown = properties(whole, content.schema || {});
    made.append(shown || element("p", {}, ...kind(content.schema || {}), ` ${content.schema?.description || ""}`));
    if (content.example) made.append(block(content.example, "Example"));
  }
  const rows = Object.entries(operation.responses).map(([status, answer]) => [
    [status],
    prose(answer.description || ""),
    Object.entries(answer.content || {}).flatMap(([type, content], at) => [at ? ", " : "", element("code", {}, type), " ", ...kind(content.schema || {})]),
  ]);
  made.append(element("h3", {}, "Answers"), table(["Status", "Meaning", "Content"], rows));
  return made;
}

/**
 * A section about one schema.
 * @param {Json} whole
 * @param {string} name
 * @param {Json} schema
 * @returns {HTMLElement}
 */
function described(whole, name, schema) {
  const made = element("section", { id: `schema-${name}` }, element("h2", {}, name));
  if (schema.description) made.append(element("p", {}, ...prose(schema.description)));
  made.append(properties(whole, schema) || element("p", {}, ...kind(schema)));
  for (const example of schema.examples || []) made.append(element("h3", {}, "Example"), block(example, "Example"));
  return made;
}

/** Load the description and show it. */
async function show() {
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const state = /** @type {HTMLElement} */ (document.getElementById("state"));
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const whole = await answer.json();
    const about = document.getElementById("about");
    about?.append(...prose(`${whole.info.title} ${whole.info.version}. ${whole.info.description || ""}`));
    const contents = document.getElementById("contents");
    for (const [path, operations] of Object.entries(whole.paths)) {
      for (const method of METHODS.filter((each) => each in operations)) {
        const operation = operations[method];
        const link = element("a", { href: `#${operation.operationId}` }, element("span", { class: "method" }, method.toUpperCase()), path);
        contents?.append(element("li", {}, link, ` ${operation.summary || ""}`));
        main.append(section(whole, path, method, operation));
      }
    }
    for (const [name, schema] of Object.entries(whole.components?.schemas || {})) main.append(described(whole, name, schema));
    state.remove();
  } catch (error) {
    state.textContent = `openapi.json could not be shown: ${error instanceof Error ? error.message : error}`;
  }
}

await show();
