-- Verdicts of readers and what was taken back: written once, never changed.

create table public.reviews (
  project uuid not null references public.projects on delete cascade,
  id uuid not null,
  seq bigint generated always as identity unique,
  sample text not null check (sample ~ '^[0-9a-f]{64}$'),
  pixels text not null check (pixels ~ '^[0-9a-f]{64}$'),
  reviewer uuid not null,
  outcome text not null check (outcome in ('approve', 'reject')),
  reasons text[] not null default '{}',
  comment text not null default '' check (char_length(comment) <= 10000),
  plausibility integer check (plausibility between 1 and 5),
  seconds double precision check (seconds >= 0 and seconds < 'infinity'),
  adjudicates boolean not null default false,
  supersedes uuid check (supersedes <> id),
  recorded_by uuid default auth.uid(),
  at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  primary key (project, id),
  constraint a_rejection_has_reasons check ((outcome = 'reject') = (cardinality(reasons) > 0)),
  constraint known_reasons_once_each check (
    coalesce(array_ndims(reasons), 1) = 1 and array_position(reasons, null) is null
    and cardinality(reasons) = ('anatomy_violated' = any (reasons))::integer
      + ('lesion_implausible' = any (reasons))::integer + ('wrong_location' = any (reasons))::integer
      + ('wrong_class' = any (reasons))::integer + ('artefact_or_seam' = any (reasons))::integer
      + ('duplicate' = any (reasons))::integer + ('other' = any (reasons))::integer
  ),
  constraint another_reason_is_said check (not 'other' = any (reasons) or comment ~ '\S')
);
comment on table public.reviews is 'One row a verdict; what it comes to is decided where the bank is.';
comment on column public.reviews.id is
  'The same on every machine, and in every project that the bank is shared with.';
comment on column public.reviews.pixels is 'As in samples: which pixels were seen.';
comment on column public.reviews.reviewer is
  'Global id of the reader; of who reviews through this database, the id of the user.';
comment on column public.reviews.recorded_by is 'The user who wrote the row; null for the service role.';
comment on column public.reviews.seq is 'In the order in which rows became readable; numbers may be missing.';
create index reviews_in_order on public.reviews (project, seq);
create index reviews_of_a_sample on public.reviews (project, sample, at);
create index reviews_of_a_reader on public.reviews (project, reviewer, seq);

create table public.revocations (
  project uuid not null references public.projects on delete cascade,
  review uuid not null,
  seq bigint generated always as identity unique,
  reason text not null check (btrim(reason) <> '' and char_length(reason) <= 10000),
  recorded_by uuid default auth.uid(),
  at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  primary key (project, review),
  foreign key (project, review) references public.reviews on delete cascade
);
comment on table public.revocations is 'One row a verdict that counts no more.';
create index revocations_in_order on public.revocations (project, seq);

create function medsynth.append_only() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- the cascade from a project that is deleted comes from a trigger of PostgreSQL's own
  if tg_op = 'DELETE' and pg_trigger_depth() > 1 then
    return old;
  end if;
  raise exception 'rows of % are never changed or removed; add another one', tg_table_name
    using errcode = 'MS405';
end
$$;
create trigger append_only before update or delete on public.reviews
  for each row execute function medsynth.append_only();
create trigger append_only before update or delete on public.revocations
  for each row execute function medsynth.append_only();

create function medsynth.note_writer() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.recorded_by := (select auth.uid());
  new.created_at := now();
  return new;
end
$$;
comment on function medsynth.note_writer is 'Nobody writes under another name or date.';
create trigger note_writer before insert on public.reviews
  for each row execute function medsynth.note_writer();
create trigger note_writer before insert on public.revocations
  for each row execute function medsynth.note_writer();

create function medsynth.check_reviewed() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if not exists (
    select from public.sample_states s where s.project = new.project and s.name = new.sample
  ) then
    raise exception 'no bank ever said anything of sample % in this project; nobody can have seen it', new.sample
      using errcode = 'MS409';
  end if;
  return null;
end
$$;
create trigger check_reviewed after insert on public.reviews
  for each row execute function medsynth.check_reviewed();

create function medsynth.in_turn() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(tg_table_name, 2));
  return null;
end
$$;
comment on function medsynth.in_turn is
  'One writer at a time, from before a row is numbered until it is there to read: who reads on from a seq '
  'misses nothing that a slower transaction had numbered before.';
create trigger in_turn before insert on public.reviews
  for each statement execute function medsynth.in_turn();
create trigger in_turn before insert on public.revocations
  for each statement execute function medsynth.in_turn();

create function medsynth.shows_now(p_project uuid, p_sample text, p_pixels text) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.samples s
    where s.project = p_project and s.name = p_sample and s.pixels = p_pixels and s.virtual
      and s.object is not null
  )
$$;
comment on function medsynth.shows_now is 'Whether a virtual sample shows these pixels at present.';

create function medsynth.may_revoke(p_project uuid, p_review uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.reviews r
    where r.id = p_review and r.project = p_project and r.reviewer = (select auth.uid())
  )
$$;
comment on function medsynth.may_revoke is 'Whether a review is the caller''s own.';

revoke all on public.reviews, public.revocations from public, anon, authenticated, service_role;
grant select, insert on public.reviews, public.revocations to authenticated, service_role;

alter table public.reviews enable row level security;
alter table public.revocations enable row level security;

create policy "members see reviews" on public.reviews for select to authenticated
  using (project in (select medsynth.projects_as('member', 'reviewer', 'publisher')));
create policy "reviewers review as themselves what they see" on public.reviews for insert to authenticated
  with check (
    reviewer = (select auth.uid()) and not adjudicates
    and project in (select medsynth.projects_as('reviewer')) and medsynth.shows_now(project, sample, pixels)
  );
create policy "members see revocations" on public.revocations for select to authenticated
  using (project in (select medsynth.projects_as('member', 'reviewer', 'publisher')));
create policy "reviewers take back their own reviews" on public.revocations for insert to authenticated
  with check (project in (select medsynth.projects_as('reviewer')) and medsynth.may_revoke(project, review));
