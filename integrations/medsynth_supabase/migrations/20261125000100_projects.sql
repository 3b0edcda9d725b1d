-- Projects, and who may see or write what of them.

create schema if not exists medsynth;
comment on schema medsynth is 'Functions of medsynth-aug that the API does not expose.';
revoke all on schema medsynth from public;
grant usage on schema medsynth to anon, authenticated, service_role;

create table public.projects (
  id uuid primary key default gen_random_uuid(),
  name text not null unique check (char_length(name) between 1 and 100),
  is_public boolean not null default false,
  key_check text not null check (key_check ~ '^[0-9a-f]{64}$'),
  real_records_consent_at timestamptz,
  real_pixels_consent_at timestamptz,
  created_at timestamptz not null default now(),
  constraint pixels_need_records
    check (real_pixels_consent_at is null or real_records_consent_at is not null)
);
comment on table public.projects is 'What a team shares under one key.';
comment on column public.projects.is_public is 'Anybody may see approved virtual samples and corpora.';
comment on column public.projects.key_check is
  'HMAC of the id with the project''s key: shows whether a machine has the same key.';
comment on column public.projects.real_records_consent_at is
  'Since when rows of what derives from real patients may be here; null: they may not.';
comment on column public.projects.real_pixels_consent_at is
  'Since when pixels of what derives from real patients may be here; null: they may not.';

create table public.project_members (
  project uuid not null references public.projects on delete cascade,
  user_id uuid not null references auth.users on delete cascade,
  role text not null check (role in ('reader', 'member', 'reviewer', 'publisher')),
  added_at timestamptz not null default now(),
  primary key (project, user_id, role)
);
comment on table public.project_members is
  'reader: approved samples and corpora; member: runs, events and reviews too; reviewer: also what waits for '
  'review, and reviews of their own; publisher: a machine that sends. Several roles are several rows.';
create index project_members_by_user on public.project_members (user_id, role, project);
create index projects_public on public.projects (id) where is_public;

create function medsynth.projects_as(variadic p_roles text[]) returns setof uuid
language sql stable security definer rows 20 set search_path = '' as $$
  select distinct m.project from public.project_members m
  where m.user_id = (select auth.uid()) and m.role = any (p_roles)
$$;
comment on function medsynth.projects_as is
  'Projects in which the caller has one of some roles; a policy asks once a query, not once a row.';

create function medsynth.public_projects() returns setof uuid
language sql stable security definer rows 20 set search_path = '' as $$
  select p.id from public.projects p where p.is_public
$$;
comment on function medsynth.public_projects is 'Projects of which anybody may see what is approved.';

create function medsynth.is_any(p_project uuid, variadic p_roles text[]) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.project_members m
    where m.project = p_project and m.user_id = (select auth.uid()) and m.role = any (p_roles)
  )
$$;
comment on function medsynth.is_any is 'Whether the caller has one of some roles in a project.';

create function medsynth.has_consent(p_project uuid, p_what text) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.projects p
    where p.id = p_project and case p_what
      when 'records' then p.real_records_consent_at is not null
      when 'pixels' then p.real_pixels_consent_at is not null
    end
  )
$$;
comment on function medsynth.has_consent is 'Whether what derives from real patients may be in a project.';

-- Supabase grants everything to everybody by default; here only what the policies are about is granted.
revoke all on public.projects, public.project_members from public, anon, authenticated, service_role;
grant select on public.projects to anon, authenticated;
grant select on public.project_members to authenticated;
grant select, insert, update, delete on public.projects, public.project_members to service_role;

alter table public.projects enable row level security;
alter table public.project_members enable row level security;

create policy "anybody sees public projects" on public.projects for select to anon, authenticated
  using (is_public);
create policy "members see their projects" on public.projects for select to authenticated
  using (id in (select medsynth.projects_as('reader', 'member', 'reviewer', 'publisher')));
create policy "everybody sees their own roles" on public.project_members for select to authenticated
  using (user_id = (select auth.uid()));
create policy "members see who else is in it" on public.project_members for select to authenticated
  using (project in (select medsynth.projects_as('member', 'reviewer', 'publisher')));
