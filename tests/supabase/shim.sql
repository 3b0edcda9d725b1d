-- What a hosted Supabase project holds before any migration, as far as ours and the gateway need it: roles,
-- the schema auth, the schema storage with row-level security, and generous default privileges.

create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
-- Stands for the role "postgres" of a hosted project, which runs migrations and is no superuser there.
create role hosted_postgres login createdb createrole replication bypassrls;
grant anon, authenticated, service_role to hosted_postgres;
grant create on database postgres to hosted_postgres;
alter schema public owner to hosted_postgres;

create schema auth;
grant usage on schema auth to anon, authenticated, service_role, hosted_postgres;
grant usage on schema public to anon, authenticated, service_role;
create table auth.users (id uuid primary key, email text);
grant all on auth.users to hosted_postgres;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
create function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;
create function auth.jwt() returns jsonb language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;

create schema storage;
create role supabase_storage_admin nologin;
alter schema storage owner to supabase_storage_admin;
grant usage on schema storage to anon, authenticated, service_role, hosted_postgres;
create table storage.buckets (
  id text primary key,
  name text not null unique,
  owner uuid,
  owner_id text,
  public boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create table storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text references storage.buckets,
  name text,
  owner uuid,
  owner_id text,
  metadata jsonb,
  user_metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  unique (bucket_id, name)
);
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role, hosted_postgres;
-- Hosted, an extension lets "postgres" make policies on these tables, and nothing else of what an owner may do.
grant supabase_storage_admin to hosted_postgres;
create function storage.foldername(name text) returns text[] language sql immutable as $$
  select parts[1 : cardinality(parts) - 1] from string_to_array(name, '/') parts
$$;

alter default privileges for role hosted_postgres in schema public
  grant all on tables to anon, authenticated, service_role;
alter default privileges for role hosted_postgres in schema public
  grant all on sequences to anon, authenticated, service_role;
alter default privileges for role hosted_postgres in schema public
  grant all on functions to anon, authenticated, service_role;
create publication supabase_realtime;
alter publication supabase_realtime owner to hosted_postgres;
