-- Samples, what each bank says of them, and the status that follows from it.

create table public.samples (
  project uuid not null references public.projects on delete cascade,
  name text not null check (name ~ '^[0-9a-f]{64}$'),
  virtual boolean not null,
  purpose text not null check (purpose in ('patient', 'lesion', 'sham')),
  lesion text not null check (char_length(lesion) between 1 and 100),
  patient text check (char_length(patient) between 1 and 64),
  visit integer check (visit >= 0),
  day integer check (day >= 0),
  sex text check (sex in ('female', 'male')),
  age_years integer check (age_years between 0 and 130),
  view text check (view in ('PA', 'AP')),
  findings jsonb not null default '[]' check (jsonb_typeof(findings) = 'array'),
  spacing_mm double precision[] check (cardinality(spacing_mm) = 2 and 0 < all (spacing_mm)),
  width integer not null check (width > 0),
  height integer not null check (height > 0),
  bits integer not null check (bits in (8, 16)),
  pixels text not null check (pixels ~ '^[0-9a-f]{64}$'),
  object text,
  object_sha256 text check (object_sha256 ~ '^[0-9a-f]{64}$'),
  provenance jsonb not null check (jsonb_typeof(provenance) = 'object'),
  status text not null check (status in ('approved', 'pending', 'rejected', 'withdrawn')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (project, name),
  constraint only_virtual_samples_wait check (virtual or status <> 'pending'),
  constraint a_virtual_sample_is_somebodys check (virtual = (patient is not null)),
  constraint shams_are_painted_into_real_images check (purpose <> 'sham' or not virtual),
  constraint object_and_its_digest check ((object is null) = (object_sha256 is null)),
  constraint objects_of_what_counts_only check (
    case when status in ('approved', 'pending') then object is not null or not virtual else object is null end
  ),
  constraint object_has_its_own_place check (
    object ~ ('^' || project || case when virtual then '/' else '/real/' end || name
      || '/image(-[0-9a-f]{8}-[0-9]+)?\.png$')
  )
);
comment on table public.samples is 'One row an image; its pixels are in storage.';
comment on column public.samples.name is 'HMAC of the request''s digest with the project''s key.';
comment on column public.samples.virtual is 'True where no pixel derives from a real patient.';
comment on column public.samples.patient is 'Id of the virtual patient.';
comment on column public.samples.findings is
  'List of {lesion, side, severity, size_mm, box [x0, y0, x1, y1], mask (path of an object)}.';
comment on column public.samples.object is
  'Path of the image in the bucket medsynth; its file name is used once: late requests replace nothing.';
comment on column public.samples.pixels is 'HMAC of the digest of the stored pixels: what a review saw.';
comment on column public.samples.status is 'Follows from sample_states; cannot be written.';

create index samples_newest on public.samples (project, status, updated_at desc, name);
create index samples_by_lesion on public.samples (project, lesion, status, updated_at desc);
create index samples_by_patient on public.samples (project, patient, visit);

create table public.sample_states (
  project uuid not null references public.projects on delete cascade,
  name text not null check (name ~ '^[0-9a-f]{64}$'),
  origin uuid not null,
  state text not null check (state in ('approved', 'pending', 'rejected', 'withdrawn', 'forgotten')),
  event bigint not null check (event > 0),
  at timestamptz not null default now(),
  primary key (project, name, origin)
);
comment on table public.sample_states is
  'What each bank last said of a sample. Rows stay when a sample is forgotten, so that a late request is '
  'known.';
comment on column public.sample_states.origin is 'Id of the bank.';
comment on column public.sample_states.event is 'Number of the bank''s event; a smaller one is stale.';

create function medsynth.status_of(p_project uuid, p_name text) returns text
language sql stable security definer set search_path = '' as $$
  select case
    when bool_or(s.state = 'rejected') then 'rejected'
    when bool_or(s.state = 'withdrawn') then 'withdrawn'
    when bool_or(s.state = 'approved') then 'approved'
    when bool_or(s.state = 'pending') then 'pending'
  end
  from public.sample_states s where s.project = p_project and s.name = p_name
$$;
comment on function medsynth.status_of is
  'What the banks'' words come to: the most cautious one counts; null where none holds the sample.';

create function medsynth.settle_sample() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  own text := new.project || case when new.virtual then '/' else '/real/' end || new.name || '/';
begin
  if tg_op = 'UPDATE' and (new.project, new.name) <> (old.project, old.name) then
    raise exception 'sample % keeps its project and its name', old.name using errcode = 'MS405';
  end if;
  new.status := medsynth.status_of(new.project, new.name);
  if new.status is null then
    raise exception 'no bank says anything of sample %; use put_sample', new.name using errcode = 'MS400';
  end if;
  if not new.virtual then
    -- the consents stay as they are until this is done
    perform from public.projects p where p.id = new.project for share;
    if not medsynth.has_consent(new.project, 'records') then
      raise exception 'this project has no consent to hold what derives from real patients'
        using errcode = 'MS403';
    end if;
    if new.object is not null and not medsynth.has_consent(new.project, 'pixels') then
      raise exception 'this project has no consent to hold pixels that derive from real patients'
        using errcode = 'MS403';
    end if;
  end if;
  if new.status in ('approved', 'pending') and new.virtual and new.object is null then
    new.status := 'withdrawn';  -- another bank's word counts again, but its pixels are gone: it sends them anew
  end if;
  if new.status not in ('approved', 'pending') then
    new.object := null;
    new.object_sha256 := null;
  end if;
  if new.object is null then
    new.findings := medsynth.without_masks(new.findings);
  end if;
  if exists (
    select from jsonb_array_elements(new.findings) as each (one)
    where not medsynth.is_finding(one, new.width, new.height)
  ) then
    raise exception 'a finding of sample % is none: it has a lesion, side, severity, size_mm, box inside the '
      'image, and mask', new.name using errcode = 'MS400';
  end if;
  if exists (
    select from jsonb_array_elements(new.findings) as each (one)
    where one ->> 'mask' is not null
      and (one ->> 'mask') !~ ('^' || own || 'mask-[0-9]+(-[0-9a-f]{8}-[0-9]+)?\.png$')
  ) then
    raise exception 'a mask of sample % lies elsewhere than its image', new.name using errcode = 'MS400';
  end if;
  if tg_op = 'UPDATE' then
    new.created_at := old.created_at;
    new.updated_at := old.updated_at;
    if new is distinct from old then
      new.updated_at := now();
    end if;
  end if;
  return new;
end
$$;

create trigger settle_sample before insert or update on public.samples
  for each row execute function medsynth.settle_sample();

create function medsynth.follow_state() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if medsynth.status_of(new.project, new.name) is null then
    delete from public.samples where project = new.project and name = new.name;
  else
    update public.samples set name = name where project = new.project and name = new.name;
  end if;
  return null;
end
$$;
comment on function medsynth.follow_state is 'Brings a sample into line with what its banks say now.';

create trigger follow_state after insert or update on public.sample_states
  for each row when (new.state in ('rejected', 'withdrawn', 'forgotten'))
  execute function medsynth.follow_state();

create function medsynth.keep_states() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    if pg_trigger_depth() > 1 then  -- the cascade from a project that is deleted
      return old;
    end if;
  elsif (new.project, new.name, new.origin) = (old.project, old.name, old.origin)
    and new.event >= old.event then
    return new;
  end if;
  raise exception 'what a bank said of a sample stays known, and its event never goes back; use put_sample'
    using errcode = 'MS405';
end
$$;
comment on function medsynth.keep_states is
  'Without its row, or with a smaller event, a late request would count.';
create trigger keep_states before update or delete on public.sample_states
  for each row execute function medsynth.keep_states();

create function medsynth.follow_consent() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.real_records_consent_at is null then
    delete from public.samples s where s.project = new.id and not s.virtual;
  else
    update public.samples s set object = null, object_sha256 = null
      where s.project = new.id and not s.virtual and s.object is not null;
  end if;
  return null;
end
$$;
comment on function medsynth.follow_consent is 'What a project has no consent to hold any more goes at once.';
create trigger follow_consent after update on public.projects
  for each row when (
    (old.real_records_consent_at is not null and new.real_records_consent_at is null)
    or (old.real_pixels_consent_at is not null and new.real_pixels_consent_at is null)
  ) execute function medsynth.follow_consent();

create function public.put_sample(
  p_project uuid, p_origin uuid, p_event bigint, p_state text, p_sample jsonb
) returns text
language plpgsql set search_path = '' as $$
declare
  given public.samples;
  held public.samples;
  known bigint;
  sample text := p_sample ->> 'name';
begin
  if sample is null or sample !~ '^[0-9a-f]{64}$' then
    raise exception 'p_sample names no sample; it needs a name of 64 hexadecimal digits'
      using errcode = 'MS400';
  end if;
  -- one at a time a sample, so that two banks see each other's words
  perform pg_advisory_xact_lock(hashtextextended(p_project || sample, 0));
  select s.event into known from public.sample_states s
    where s.project = p_project and s.name = sample and s.origin = p_origin;
  if known > p_event then
    return 'stale';
  end if;
  select * into held from public.samples s where s.project = p_project and s.name = sample;
  if p_state in ('approved', 'pending') and held.pixels <> p_sample ->> 'pixels' and exists (
    select from public.sample_states s where s.project = p_project and s.name = sample
      and s.origin <> p_origin and s.state <> 'forgotten'
  ) then
    raise exception 'sample % is here with other pixels, from another bank', sample using errcode = 'MS409';
  end if;
  insert into public.sample_states as s (project, name, origin, state, event)
    values (p_project, sample, p_origin, p_state, p_event)
    on conflict (project, name, origin) do update set state = excluded.state, event = excluded.event, at = now()
    where s.event < excluded.event;
  if p_state in ('approved', 'pending') then
    given := jsonb_populate_record(null::public.samples, p_sample);
    given.project := p_project;
    insert into public.samples as s (
      project, name, virtual, purpose, lesion, patient, visit, day, sex, age_years, view, findings, spacing_mm,
      width, height, bits, pixels, object, object_sha256, provenance, status
    ) values (
      given.project, given.name, given.virtual, given.purpose, given.lesion, given.patient, given.visit,
      given.day, given.sex, given.age_years, given.view, coalesce(given.findings, '[]'), given.spacing_mm,
      given.width, given.height, given.bits, given.pixels, given.object, given.object_sha256,
      given.provenance, p_state
    ) on conflict (project, name) do update set (
      virtual, purpose, lesion, patient, visit, day, sex, age_years, view, findings, spacing_mm,
      width, height, bits, pixels, object, object_sha256, provenance
    ) = (
      excluded.virtual, excluded.purpose, excluded.lesion, excluded.patient, excluded.visit, excluded.day,
      excluded.sex, excluded.age_years, excluded.view, excluded.findings, excluded.spacing_mm, excluded.width,
      excluded.height, excluded.bits, excluded.pixels, excluded.object, excluded.object_sha256,
      excluded.provenance
    );
  end if;
  return coalesce(
    (select s.status from public.samples s where s.project = p_project and s.name = sample),
    medsynth.status_of(p_project, sample),
    'forgotten'
  );
end
$$;
comment on function public.put_sample is
  'Writes what a bank says of a sample, all or nothing: p_sample holds the columns of samples, or the name '
  'alone for what has no pixels here. Returns the status that follows, "forgotten", or "stale" where a newer '
  'event of the bank is known. The same call again changes nothing.';

revoke all on public.samples, public.sample_states from public, anon, authenticated, service_role;
revoke all on function public.put_sample from public, anon;
grant select on public.samples to anon, authenticated;
grant select, insert, update on public.sample_states to authenticated;
grant insert, update on public.samples to authenticated;
grant select, insert, update on public.samples, public.sample_states to service_role;
grant execute on function public.put_sample to authenticated, service_role;

alter table public.samples enable row level security;
alter table public.sample_states enable row level security;

create policy "anybody sees what is approved and virtual in a public project" on public.samples
  for select to anon, authenticated
  using (status = 'approved' and virtual and project in (select medsynth.public_projects()));
create policy "members see what is approved" on public.samples for select to authenticated
  using (
    status = 'approved'
    and project in (select medsynth.projects_as('reader', 'member', 'reviewer', 'publisher'))
  );
create policy "reviewers see what waits, and what was rejected" on public.samples for select to authenticated
  using (virtual and project in (select medsynth.projects_as('reviewer', 'publisher')));
create policy "publishers see all that they sent" on public.samples for select to authenticated
  using (project in (select medsynth.projects_as('publisher')));
create policy "publishers add samples" on public.samples for insert to authenticated
  with check (project in (select medsynth.projects_as('publisher')));
create policy "publishers change samples" on public.samples for update to authenticated
  using (project in (select medsynth.projects_as('publisher')))
  with check (project in (select medsynth.projects_as('publisher')));
create policy "publishers see what banks say" on public.sample_states for select to authenticated
  using (project in (select medsynth.projects_as('publisher')));
create policy "publishers say something" on public.sample_states for insert to authenticated
  with check (project in (select medsynth.projects_as('publisher')));
create policy "publishers say something else" on public.sample_states for update to authenticated
  using (project in (select medsynth.projects_as('publisher')))
  with check (project in (select medsynth.projects_as('publisher')));
