-- Corpora: named lists of approved virtual samples, in revisions.

create table public.corpora (
  id uuid primary key default gen_random_uuid(),
  project uuid not null references public.projects on delete cascade,
  name text not null check (char_length(name) between 1 and 200),
  revision integer not null check (revision >= 1),
  samples integer not null check (samples >= 1),
  manifest_sha256 text not null check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
  published_as text check (char_length(published_as) between 1 and 500),
  created_at timestamptz not null default now(),
  unique (project, name, revision)
);
comment on table public.corpora is 'One row a revision; neither the row nor its list is ever changed.';
comment on column public.corpora.manifest_sha256 is 'SHA-256 of the sorted names of the samples, one a line.';
comment on column public.corpora.published_as is 'Where it can be loaded from, such as a data set on a hub.';
create index corpora_newest on public.corpora (project, created_at desc);

create table public.corpus_samples (
  corpus uuid not null references public.corpora on delete cascade,
  project uuid not null references public.projects on delete cascade,
  sample text not null check (sample ~ '^[0-9a-f]{64}$'),
  primary key (corpus, sample)
);
comment on table public.corpus_samples is
  'What a revision lists. A sample that was taken back since is still named; its row and image say that.';
create index corpus_samples_by_sample on public.corpus_samples (project, sample);

create function medsynth.check_listed() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if not exists (
    select from public.corpora c where c.id = new.corpus and c.project = new.project
  ) or not exists (
    select from public.samples s
    where s.project = new.project and s.name = new.sample and s.status = 'approved' and s.virtual
    for share  -- it is not taken back before the list stands
  ) then
    raise exception 'sample % is no approved virtual sample of this project; a corpus cannot list it', new.sample
      using errcode = 'MS409';
  end if;
  return new;
end
$$;
create trigger check_listed before insert on public.corpus_samples
  for each row execute function medsynth.check_listed();

create function medsynth.lists_what_it_says(p_corpus uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select (count(l.sample), encode(sha256(convert_to(
    coalesce(string_agg(l.sample, E'\n' order by l.sample collate "C"), ''), 'UTF8')), 'hex'))
    = (c.samples, c.manifest_sha256)
  from public.corpora c left join public.corpus_samples l on l.corpus = c.id
  where c.id = p_corpus group by c.id
$$;
comment on function medsynth.lists_what_it_says is
  'Whether a revision''s list has the length and digest of its row.';

create function medsynth.check_revision() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  changed uuid;
begin
  if tg_table_name = 'corpora' then
    if medsynth.lists_what_it_says(new.id) then
      return null;
    end if;
  else
    select one.corpus into changed from (select distinct a.corpus from added a) one
      where not medsynth.lists_what_it_says(one.corpus) limit 1;
    if changed is null then
      return null;
    end if;
  end if;
  raise exception 'a revision lists what its row says, from the beginning; use put_corpus'
    using errcode = 'MS409';
end
$$;
create trigger append_only before update or delete on public.corpora
  for each row execute function medsynth.append_only();
create trigger append_only before update or delete on public.corpus_samples
  for each row execute function medsynth.append_only();
create trigger closed_when_listed after insert on public.corpus_samples
  referencing new table as added for each statement execute function medsynth.check_revision();
create constraint trigger listed_when_made after insert on public.corpora deferrable initially deferred
  for each row execute function medsynth.check_revision();

create function public.put_corpus(
  p_project uuid, p_name text, p_samples text[], p_published_as text default null
) returns integer
language plpgsql set search_path = '' as $$
declare
  listed text[] := array(select distinct one collate "C" from unnest(p_samples) as one order by 1);
  manifest text := encode(sha256(convert_to(array_to_string(listed, E'\n'), 'UTF8')), 'hex');
  newest public.corpora;
  made uuid;
begin
  if cardinality(listed) = 0 then
    raise exception 'a corpus lists at least one sample' using errcode = 'MS400';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_project || '/' || p_name, 1));
  select * into newest from public.corpora c
    where c.project = p_project and c.name = p_name order by c.revision desc limit 1;
  if newest.manifest_sha256 = manifest and (p_published_as is null or newest.published_as = p_published_as) then
    return newest.revision;
  end if;
  insert into public.corpora (project, name, revision, samples, manifest_sha256, published_as)
    values (
      p_project, p_name, coalesce(newest.revision, 0) + 1, cardinality(listed), manifest, p_published_as
    ) returning id into made;
  insert into public.corpus_samples (corpus, project, sample) select made, p_project, unnest(listed);
  return coalesce(newest.revision, 0) + 1;
end
$$;
comment on function public.put_corpus is
  'Lists samples as a corpus, all or nothing; returns the revision, the newest one if it lists the same.';

revoke all on public.corpora, public.corpus_samples from public, anon, authenticated, service_role;
revoke all on function public.put_corpus from public, anon;
grant select on public.corpora, public.corpus_samples to anon, authenticated;
grant insert on public.corpora, public.corpus_samples to authenticated;
grant select, insert on public.corpora, public.corpus_samples to service_role;
grant execute on function public.put_corpus to authenticated, service_role;

alter table public.corpora enable row level security;
alter table public.corpus_samples enable row level security;
create policy "anybody sees corpora of public projects" on public.corpora for select to anon, authenticated
  using (project in (select medsynth.public_projects()));
create policy "members see corpora" on public.corpora for select to authenticated
  using (project in (select medsynth.projects_as('reader', 'member', 'reviewer', 'publisher')));
create policy "publishers add corpora" on public.corpora for insert to authenticated
  with check (project in (select medsynth.projects_as('publisher')));
create policy "anybody sees lists of public projects" on public.corpus_samples
  for select to anon, authenticated using (project in (select medsynth.public_projects()));
create policy "members see lists" on public.corpus_samples for select to authenticated
  using (project in (select medsynth.projects_as('reader', 'member', 'reviewer', 'publisher')));
create policy "publishers add lists" on public.corpus_samples for insert to authenticated
  with check (project in (select medsynth.projects_as('publisher')));
