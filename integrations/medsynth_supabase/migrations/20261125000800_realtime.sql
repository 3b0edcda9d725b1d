-- What clients may subscribe to; each gets the rows that the policies let them see.

do $$
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  if not exists (select from pg_publication where pubname = 'supabase_realtime' and puballtables) then
    alter publication supabase_realtime add table
      public.samples, public.reviews, public.revocations, public.runs, public.corpora, public.events;
  end if;
end
$$;
