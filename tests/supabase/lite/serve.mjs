// REST and Auth of Supabase on a PostgreSQL that is there already; prints its port once it listens.
import { serve } from "@hono/node-server";
import { App, getAuthSchemaSql } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import postgres from "postgres";

const { secret, ...server } = JSON.parse(process.env.LOOPBACK_SUPABASE);

// Hosted projects answer RFC 3339; the driver's own form has a space and a short offset.
const rfc3339 = (text) => text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");

// lite hands an argument of a function over as its JSON text, which the driver would write as a string of JSON.
// A text that happens to be JSON is taken for it: PostgREST would keep such a string.
function written(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return value;
  } catch {
    return JSON.stringify(value);
  }
}

// lite answers an error that it does not know as its text alone; the text carries what PostgREST would answer.
postgres.PostgresError.prototype.toString = function () {
  return JSON.stringify({
    code: this.code,
    message: this.message,
    details: this.detail ?? null,
    hint: this.hint ?? null,
  });
};

const options = {
  ...server,
  max: 8,
  onnotice: () => {},
};
const connection = createPostgresConnection({
  postgresOptions: {
    ...options,
    types: {
      timestamptz: { to: 1184, from: [1184], serialize: (text) => text, parse: rfc3339 },
      json: { to: 114, from: [114], serialize: written, parse: JSON.parse },
      jsonb: { to: 3802, from: [3802], serialize: written, parse: JSON.parse },
    },
  },
});
connection.rlsState = "active"; // else lite grants everything on every table to every role

// The tables of lite's Auth, in the schema of its making; columns that a users table lacks are added to it.
async function provideAuth() {
  const sql = postgres(options);
  const asked = getAuthSchemaSql();
  await sql.unsafe("drop schema if exists wanted cascade");
  await sql.unsafe(asked.replaceAll(/\bauth\b(?=[.;])/g, "wanted"));
  const missing = await sql`
    select a.attname, format_type(a.atttypid, a.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as value
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'wanted.users'::regclass and a.attnum > 0 and a.attgenerated = ''
      and not exists (select from pg_attribute b
                      where b.attrelid = to_regclass('auth.users') and b.attname = a.attname)
      and to_regclass('auth.users') is not null`;
  for (const { attname, type, value } of missing) {
    const filled = value === null ? "" : ` default ${value}`;
    await sql.unsafe(`alter table auth.users add column "${attname}" ${type}${filled}`);
  }
  await sql.unsafe("drop schema wanted cascade");
  await sql.unsafe(asked);
  await sql.end();
}

await provideAuth();
const app = new App({
  connection,
  auth: {
    enabled: true,
    jwt_secret: secret,
    site_url: "http://127.0.0.1",
    enable_signup: true,
    email: { enable_signup: true, enable_confirmations: false },
  },
  api: { schemas: ["public"], max_rows: 1000 },
  studio: { enabled: false },
  options: { server: { apiKeys: false, admin: false } },
});

// The status that PostgREST gives to an SQLSTATE, after its documentation; lite knows only a part of them.
function statusOf(code) {
  if (/^PT[1-5]\d\d$/.test(code)) return Number(code.slice(2));
  if (code === "53400" || /^P0(?!001)/.test(code)) return 500;
  if (/^(08|53)/.test(code)) return 503;
  if (/^(0L|0P|28)/.test(code)) return 403;
  return /^(09|25|2D|38|39|3B|40|54|55|57|58|F0|HV|XX)/.test(code) ? 500 : 400;
}

async function answered(request) {
  const response = await app.fetch(request);
  if (response.status !== 500) return response;
  const text = await response.text();
  const kept = { status: 500, headers: { "content-type": "application/json; charset=utf-8" } };
  try {
    const { code, message } = JSON.parse(text);
    if (code !== "SUP") return new Response(text, kept);
    const meant = JSON.parse(message);
    return new Response(JSON.stringify(meant), { ...kept, status: statusOf(meant.code) });
  } catch {
    return new Response(text, kept);
  }
}

const address = { port: 0, hostname: "127.0.0.1" };
serve({ ...address, fetch: answered }, ({ port }) => console.log(`listening ${port}`));

// Ends with the tests, also when they were killed.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), 1000).unref();
