-- What really changed, in order: the feed that a dashboard follows.

create table public.events (
  seq bigint generated always as identity primary key,
  project uuid not null references public.projects on delete cascade,
  kind text not null check (kind in ('sample', 'review', 'revocation', 'run', 'corpus')),
  subject text not null,
  status text not null,
  for_readers boolean not null,
  at timestamptz not null default now()
);
comment on table public.events is 'One row an effective change; a request that came twice leaves one.';
comment on column public.events.seq is
  'In the order in which a project''s rows became readable; numbers may be missing.';
comment on column public.events.subject is 'Name of the sample, id of the review, run or corpus.';
comment on column public.events.for_readers is
  'Whether readers see it: a sample was approved or ceased to be, or a corpus has a new revision.';
create index events_in_order on public.events (project, seq);

create function medsynth.note(
  p_project uuid, p_kind text, p_subject text, p_status text, p_for_readers boolean default false
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  -- one at a time a project, so that who reads on from a seq misses nothing
  perform pg_advisory_xact_lock(hashtextextended(p_project::text, 3));
  insert into public.events (project, kind, subject, status, for_readers)
    values (p_project, p_kind, p_subject, p_status, p_for_readers);
end
$$;

create function medsynth.note_event() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_table_name = 'samples' then
    if tg_op = 'DELETE' then
      if exists (select from public.projects p where p.id = old.project) then
        perform medsynth.note(old.project, 'sample', old.name, 'forgotten', old.status = 'approved');
      end if;
    elsif tg_op = 'INSERT' then
      perform medsynth.note(new.project, 'sample', new.name, new.status, new.status = 'approved');
    elsif new.status <> old.status then
      perform medsynth.note(
        new.project, 'sample', new.name, new.status, 'approved' in (old.status, new.status)
      );
    end if;
  elsif tg_table_name = 'reviews' then
    perform medsynth.note(new.project, 'review', new.id::text, new.outcome);
  elsif tg_table_name = 'revocations' then
    perform medsynth.note(new.project, 'revocation', new.review::text, 'revoked');
  elsif tg_table_name = 'runs' then
    if tg_op = 'INSERT' or new.state <> old.state then
      perform medsynth.note(new.project, 'run', new.id::text, new.state);
    end if;
  else
    perform medsynth.note(new.project, 'corpus', new.id::text, 'revision ' || new.revision, true);
  end if;
  return null;
end
$$;

create trigger note_event after insert or update or delete on public.samples
  for each row execute function medsynth.note_event();
create trigger note_event after insert on public.reviews
  for each row execute function medsynth.note_event();
create trigger note_event after insert on public.revocations
  for each row execute function medsynth.note_event();
create trigger note_event after insert or update on public.runs
  for each row execute function medsynth.note_event();
-- at the end, when the list stands: a writer of samples that waits for the list is not waited for
create constraint trigger note_event after insert on public.corpora deferrable initially deferred
  for each row execute function medsynth.note_event();

revoke all on public.events from public, anon, authenticated, service_role;
grant select on public.events to authenticated, service_role;
alter table public.events enable row level security;
create policy "members see events" on public.events for select to authenticated
  using (project in (select medsynth.projects_as('member', 'reviewer', 'publisher')));
create policy "readers hear of what they see, and when it goes" on public.events for select to authenticated
  using (for_readers and project in (select medsynth.projects_as('reader')));
