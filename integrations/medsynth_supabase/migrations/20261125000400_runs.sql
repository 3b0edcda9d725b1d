-- Runs of the engine, as a dashboard follows them.

create table public.runs (
  project uuid not null references public.projects on delete cascade,
  id uuid not null,
  origin uuid not null,
  kind text not null check (char_length(kind) between 1 and 50),
  name text not null default '' check (char_length(name) <= 200),
  state text not null check (state in ('running', 'done', 'failed')),
  done bigint not null default 0 check (done >= 0),
  total bigint check (total >= 0),
  message text not null default '' check (char_length(message) <= 10000),
  version bigint not null check (version >= 0),
  started_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  primary key (project, id),
  constraint finished_or_running check ((state = 'running') = (finished_at is null)),
  constraint no_more_than_all check (total is null or done <= total),
  constraint time_goes_on check (updated_at >= started_at and (finished_at is null or finished_at >= started_at))
);
comment on table public.runs is 'One row a run; it is overwritten as the run goes on.';
comment on column public.runs.version is 'Counts up; what is older than the row is dropped.';
create index runs_newest on public.runs (project, started_at desc);
create index runs_running on public.runs (project, updated_at desc) where state = 'running';

create function medsynth.keep_newest_run() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.version <= old.version then
    return null;  -- of a bank that has a new identity, too
  end if;
  if (new.project, new.id, new.origin) <> (old.project, old.id, old.origin) then
    raise exception 'run % is another bank''s', old.id using errcode = 'MS409';
  end if;
  if old.state <> 'running' and new.state <> old.state then
    raise exception 'run % is %; it does not go on', old.id, old.state using errcode = 'MS409';
  end if;
  return new;
end
$$;
create trigger keep_newest_run before update on public.runs
  for each row execute function medsynth.keep_newest_run();

create function public.put_run(p jsonb) returns text
language plpgsql set search_path = '' as $$
declare
  given public.runs := jsonb_populate_record(null::public.runs, p);
begin
  insert into public.runs values (given.*)
  on conflict (project, id) do update set
    (origin, kind, name, state, done, total, message, version, updated_at, finished_at) = (
      excluded.origin, excluded.kind, excluded.name, excluded.state, excluded.done, excluded.total,
      excluded.message, excluded.version, excluded.updated_at, excluded.finished_at
    );
  return (select r.state from public.runs r where r.project = given.project and r.id = given.id);
end
$$;
comment on function public.put_run is 'Writes how a run fares; p holds the columns of runs.';

revoke all on public.runs from public, anon, authenticated, service_role;
revoke all on function public.put_run from public, anon;
grant select, insert, update on public.runs to authenticated;
grant select, insert, update, delete on public.runs to service_role;
grant execute on function public.put_run to authenticated, service_role;

alter table public.runs enable row level security;
create policy "members see runs" on public.runs for select to authenticated
  using (project in (select medsynth.projects_as('member', 'reviewer', 'publisher')));
create policy "publishers begin runs" on public.runs for insert to authenticated
  with check (project in (select medsynth.projects_as('publisher')));
create policy "publishers go on with runs" on public.runs for update to authenticated
  using (project in (select medsynth.projects_as('publisher')))
  with check (project in (select medsynth.projects_as('publisher')));
