-- The bucket of images and masks. An object is seen by who may see the row that names its sample.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
  values ('medsynth', 'medsynth', false, 52428800, array['image/png'])
  on conflict (id) do update set
    public = excluded.public, file_size_limit = excluded.file_size_limit,
    allowed_mime_types = excluded.allowed_mime_types;

create function medsynth.sample_of(p_object text, out project uuid, out sample text, out is_real boolean)
language plpgsql immutable set search_path = '' as $$
declare
  found text[] := regexp_match(
    p_object,
    '^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(real/)?([0-9a-f]{64})/'
    '(?:image|mask-[0-9]+)(?:-[0-9a-f]{8}-[0-9]+)?\.png$'
  );
begin
  project := found[1]::uuid;
  is_real := found[2] is not null;
  sample := found[3];
end
$$;
comment on function medsynth.sample_of is
  'Whose object a path is: <project>/<sample>/image.png or mask-0.png, below real/ where it derives from a real '
  'patient; nulls for any other path.';

create function medsynth.may_see_object(p_object text) returns boolean
language sql stable set search_path = '' as $$
  -- the caller's own view of the samples decides; only what the row names is shown, so that an image that is
  -- on its way, or was left behind, is seen by nobody
  select exists (
    select from medsynth.sample_of(p_object) o
    join public.samples s on s.project = o.project and s.name = o.sample and s.virtual = not o.is_real
    where s.object = p_object
      or exists (select from jsonb_array_elements(s.findings) f (one) where f.one ->> 'mask' = p_object)
  )
$$;

create function medsynth.may_send_object(p_object text) returns boolean
language sql stable set search_path = '' as $$
  select coalesce(
    (
      select medsynth.is_any(o.project, 'publisher')
        and (not o.is_real or medsynth.has_consent(o.project, 'pixels'))
      from medsynth.sample_of(p_object) o where o.project is not null
    ),
    false
  )
$$;

create function medsynth.is_publishers_object(p_object text) returns boolean
language sql stable set search_path = '' as $$
  select coalesce(
    (select medsynth.is_any(o.project, 'publisher') from medsynth.sample_of(p_object) o
      where o.project is not null),
    false
  )
$$;

create policy "medsynth: who sees the sample sees its objects" on storage.objects
  for select to anon, authenticated using (bucket_id = 'medsynth' and medsynth.may_see_object(name));
create policy "medsynth: publishers see their project's objects" on storage.objects
  for select to authenticated using (bucket_id = 'medsynth' and medsynth.is_publishers_object(name));
create policy "medsynth: publishers send objects" on storage.objects
  for insert to authenticated with check (bucket_id = 'medsynth' and medsynth.may_send_object(name));
-- nobody replaces an object: each has a name of its own
create policy "medsynth: publishers remove objects" on storage.objects
  for delete to authenticated using (bucket_id = 'medsynth' and medsynth.is_publishers_object(name));
