-- How far each bank's news are known, so that a copy of a bank is not taken for the bank itself.

create table public.banks (
  project uuid not null references public.projects on delete cascade,
  origin uuid not null,
  event bigint not null check (event > 0),
  fingerprint text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
  at timestamptz not null default now(),
  primary key (project, origin)
);
comment on table public.banks is
  'The last event that each bank sent news up to. A bank that does not hold just this event was restored from '
  'an older state, or is a copy of one that went on.';
comment on column public.banks.origin is 'Id of the bank.';
comment on column public.banks.event is 'Number of the event.';
comment on column public.banks.fingerprint is
  'HMAC of the whole event with the project''s key: two banks of one origin give different events one number.';

create function medsynth.keep_bank() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    if pg_trigger_depth() > 1 then  -- the cascade from a project that is deleted
      return old;
    end if;
  elsif (new.project, new.origin) = (old.project, old.origin) and new.event > old.event then
    return new;
  end if;
  raise exception 'how far a bank''s news are known stays known, and never goes back; use advance_bank'
    using errcode = 'MS405';
end
$$;
comment on function medsynth.keep_bank is 'Without its row, a copy of the bank would count as the bank.';
create trigger keep_bank before update or delete on public.banks
  for each row execute function medsynth.keep_bank();

create function public.advance_bank(
  p_project uuid, p_origin uuid, p_known text, p_event bigint, p_fingerprint text
) returns jsonb
language plpgsql set search_path = '' as $$
begin
  insert into public.banks as b (project, origin, event, fingerprint)
    values (p_project, p_origin, p_event, p_fingerprint)
    on conflict (project, origin) do update
    set event = excluded.event, fingerprint = excluded.fingerprint, at = now()
    where b.fingerprint = p_known and b.event < excluded.event;
  return (
    select jsonb_build_object('event', b.event, 'fingerprint', b.fingerprint)
    from public.banks b where b.project = p_project and b.origin = p_origin
  );
end
$$;
comment on function public.advance_bank is
  'Moves a bank on to an event of its own, if p_known is the fingerprint of the event that it stands at, or if '
  'nothing is known of it; returns the event that it stands at now. The same call again changes nothing.';

revoke all on public.banks from public, anon, authenticated, service_role;
revoke all on function public.advance_bank from public, anon;
grant select, insert, update on public.banks to authenticated, service_role;
grant execute on function public.advance_bank to authenticated, service_role;

alter table public.banks enable row level security;
create policy "publishers see how far banks are known" on public.banks for select to authenticated
  using (project in (select medsynth.projects_as('publisher')));
create policy "publishers bring a bank" on public.banks for insert to authenticated
  with check (project in (select medsynth.projects_as('publisher')));
create policy "publishers move a bank on" on public.banks for update to authenticated
  using (project in (select medsynth.projects_as('publisher')))
  with check (project in (select medsynth.projects_as('publisher')));
