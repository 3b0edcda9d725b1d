-- The table, function and bucket that the recorded answers of the real services were taken with.
create table public.synthetic_images (
  id uuid primary key default gen_random_uuid(),
  project text not null,
  sha256 text not null constraint synthetic_images_sha256_check check (sha256 ~ '^[0-9a-f]{64}$'),
  storage_path text not null,
  class_label text not null,
  status text not null default 'pending',
  metrics jsonb not null default '{}',
  owner uuid default auth.uid() references auth.users,
  tags text[],
  created_at timestamptz not null default now(),
  unique (project, sha256)
);
alter table public.synthetic_images enable row level security;
grant select, insert, update, delete on public.synthetic_images to anon, authenticated, service_role;
create policy approved on public.synthetic_images for select to anon, authenticated using (status = 'approved');
create policy own on public.synthetic_images for select to authenticated using (owner = auth.uid());
create policy pending on public.synthetic_images for insert to authenticated
  with check (owner = auth.uid() and status = 'pending');

create function public.approve(image_id uuid) returns public.synthetic_images language sql as
$$ update public.synthetic_images set status = 'approved' where id = image_id returning * $$;
create function public.refuse(code text) returns void language plpgsql as
$$ begin raise exception using errcode = code, message = 'refused', detail = 'as a test asked'; end $$;
create function public.counted(tags text[], more jsonb) returns int language sql as
$$ select cardinality(tags) + jsonb_array_length(more) $$;

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
  values ('synthetic', 'synthetic', false, 1048576, '{image/png,application/json}');
create policy own_read on storage.objects for select to authenticated
  using (bucket_id = 'synthetic' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy own_write on storage.objects for insert to authenticated
  with check (bucket_id = 'synthetic' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy own_delete on storage.objects for delete to authenticated
  using (bucket_id = 'synthetic' and (storage.foldername(name))[1] = (select auth.uid())::text);

alter publication supabase_realtime add table public.synthetic_images;
